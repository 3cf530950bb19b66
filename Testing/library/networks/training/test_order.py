"""The order in which patients are seen, and the folds they are held out in."""

import numpy as np

from SpatioTemporalLib.networks.training.order import epoch_batches, stratified_folds

LABELS = np.repeat([0, 1], [30, 10])


def test_balanced_batches_hold_both_classes_equally_often_and_every_patient():
    rows = np.concatenate(epoch_batches(LABELS, 10, seed=0, epoch=0, balance=True))
    assert len(rows) == 60
    assert LABELS[rows].mean() == 0.5
    counts = np.bincount(rows, minlength=40)
    assert (counts[:30] == 1).all() and (counts[30:] == 3).all()


def test_unbalanced_batches_hold_every_patient_once():
    rows = np.concatenate(epoch_batches(LABELS, 8, seed=0, epoch=0, balance=False))
    assert sorted(rows) == list(range(40))


def test_the_order_depends_on_the_epoch_and_nothing_else():
    first, again, other = (
        np.concatenate(epoch_batches(LABELS, 8, seed=0, epoch=epoch, balance=True)) for epoch in (3, 3, 4)
    )
    assert (first == again).all() and (first != other).any()


def test_fewer_patients_than_a_batch_are_one_batch():
    assert [len(rows) for rows in epoch_batches(LABELS[25:35], 64, seed=0, epoch=0, balance=False)] == [10]


def test_folds_share_each_class_evenly():
    folds = stratified_folds(LABELS, 5, seed=1)
    assert np.bincount(folds[LABELS == 0]).tolist() == [6] * 5
    assert np.bincount(folds[LABELS == 1]).tolist() == [2] * 5
