"""Simulated CT of a nodule in lung: right in HU, size and place, and a cohort on disk."""

import numpy as np
import pytest

from SpatioTemporalLib import Context, Geometry, read_cohort, read_table
from SpatioTemporalLib.numerics.spatial.region_of_interest import crop
from SpatioTemporalLib.numerics.statistics.growth import lesion_volume
from SpatioTemporalLib.simulation.lung_anatomy import attenuation, draw_anatomy
from SpatioTemporalLib.simulation.lung_ct import SHARP, SMOOTH, scan_lung
from SpatioTemporalLib.simulation.nodule_cohort import write_nodule_cohort
from SpatioTemporalLib.simulation.nodule_growth import VisitPlan

# The largest nodule of 9 mm with its lobes, 8 mm off the middle, still fits.
SMALL = (44.0, 44.0, 42.0)


@pytest.fixture(scope="module")
def anatomy():
    return draw_anatomy(np.random.default_rng(0))


def test_nodule_has_the_volume_of_its_radius_whatever_its_lobes():
    for seed in range(4):
        grid = Geometry.from_spacing((61, 61, 61), (0.5, 0.5, 0.5), (-15.0, -15.0, -15.0))
        _, nodule = attenuation(draw_anatomy(np.random.default_rng(seed)), grid, 6.0, 1.0)
        # Voxels of half a millimetre on a surface of 450 mm².
        assert lesion_volume(nodule, grid) == pytest.approx(4 / 3 * np.pi * 6**3 / 1000, rel=0.01)


def test_tissues_have_their_hounsfield_units(anatomy):
    scan = scan_lung(anatomy, 6.0, SHARP, np.random.default_rng(1))
    inside, centre = scan.nodule.foreground, scan.ct.geometry.ras_to_ijk(scan.centre)
    assert scan.ct.values.dtype == np.int16 and scan.ct.unit == "HU"
    assert np.median(scan.ct.values[inside]) == pytest.approx(30, abs=15)
    k, j, i = np.rint(centre[::-1]).astype(int)
    assert inside[k, j, i]
    lung = scan.ct.values[scan.ct.values < -600]
    assert np.median(lung) == pytest.approx(-870, abs=25)
    assert (scan.ct.values > 250).any(), "a rib"
    assert lung.size > 0.5 * scan.ct.values.size


def test_scanners_differ_in_noise_and_grid(anatomy):
    strength = {}
    for scanner in (SHARP, SMOOTH):
        first, second = (
            scan_lung(anatomy, 5.0, scanner, np.random.default_rng(s), extent=SMALL, misplaced=0.0, turned=0.0)
            for s in (2, 3)
        )
        strength[scanner.name] = np.std(first.ct.values.astype(float) - second.ct.values) / np.sqrt(2)
        assert first.ct.geometry.spacing == pytest.approx(scanner.spacing)
    # HU are whole numbers and not below -1024, which takes a little from the noise.
    assert strength["sharp"] == pytest.approx(38, rel=0.05)
    assert strength["smooth"] == pytest.approx(18, rel=0.05)


def test_same_anatomy_lies_elsewhere_at_the_next_visit(anatomy):
    first, second = (scan_lung(anatomy, 6.0, SHARP, np.random.default_rng(s), turned=0.0) for s in (4, 5))
    assert np.linalg.norm(first.centre - second.centre) > 2
    values = [crop(s.ct.values, s.ct.geometry, s.centre, shape=(16, 32, 32), fill=-1024)[0] for s in (first, second)]
    assert np.corrcoef(values[0].ravel(), values[1].ravel())[0, 1] > 0.95
    still = [crop(s.ct.values, s.ct.geometry, np.zeros(3), shape=(16, 32, 32), fill=-1024)[0] for s in (first, second)]
    assert np.corrcoef(still[0].ravel(), still[1].ravel())[0, 1] < 0.9


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nodules") / "cohort"
    plan = VisitPlan((0, 180, 365), missing=0.4)
    return folder, write_nodule_cohort(folder, 5, Context(seed=7), plan=plan, extent=SMALL)


def test_cohort_is_read_back_with_its_images_masks_and_covariates(written):
    folder, _ = written
    cohort = read_cohort(folder)
    assert len(cohort) == 5 and cohort.images == ("ct [HU]",) and cohort.masks == ("nodule",)
    assert sum(len(ids) for ids in cohort.splits.values()) == 5
    assert set(cohort.participants.columns["malignant"]) <= {0, 1}
    assert cohort.participants.units == {"age": "y"}
    assert 5 <= cohort.visits.row_count < 15, "visits are missing"
    for case in cohort:
        assert case.days[0] == 0
        for visit in case.visits:
            assert visit.covariates["scanner"] in ("sharp", "smooth")
            place = visit.images["ct"].geometry.ras_to_ijk([visit.covariates[f"centre_{a}"] for a in "ras"])
            k, j, i = np.rint(place[::-1]).astype(int)
            assert visit.masks["nodule"].foreground[k, j, i]


def test_masks_of_the_cohort_have_the_true_volumes(written):
    folder, cohort = written
    truth = read_table(folder / "truth.csv").columns
    for n, case in enumerate(cohort):
        radius = truth["radius_3"][n]
        volume = lesion_volume(case.visits[-1].masks["nodule"].foreground, case.visits[-1].masks["nodule"].geometry)
        # A nodule of 3 mm holds about 150 voxels of the coarser grid.
        assert volume == pytest.approx(4 / 3 * np.pi * radius**3 / 1000, rel=0.05)


def test_same_seed_writes_the_same_files(tmp_path):
    folder, again = tmp_path / "first", tmp_path / "again"
    for place in (folder, again):
        write_nodule_cohort(place, 1, Context(seed=3), extent=(30.0, 30.0, 30.0))
    files = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    # Three tables and the list of what was written, and at each visit two images with their side-cars.
    assert len(files) == 4 + 2 * 4
    assert all((folder / p).read_bytes() == (again / p).read_bytes() for p in files)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Columns of thirty patients, of whom not everything is known."""
    folder = tmp_path_factory.mktemp("nodules") / "many"
    return write_nodule_cohort(folder, 30, Context(seed=2), extent=(3, 3, 3), unknown=0.3).participants.columns


def test_every_split_has_its_part_of_either_class(people):
    for kind in (0, 1):
        own = [split for split, malignant in zip(people["split"], people["malignant"]) if malignant == kind]
        shares = {split: own.count(split) / len(own) for split in ("train", "validation", "test")}
        assert shares == pytest.approx({"train": 0.6, "validation": 0.2, "test": 0.2}, abs=0.1)


def test_covariates_may_be_unknown_of_some(people):
    ages, sexes = (people[name] for name in ("age", "sex"))
    assert 3 <= np.isnan(np.array(ages, dtype=float)).sum() <= 16
    assert 3 <= sexes.count("") <= 16
    assert set(sexes) == {"F", "M", ""}
