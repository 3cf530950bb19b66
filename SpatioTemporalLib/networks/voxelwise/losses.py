"""Loss of an answer for every voxel."""

from __future__ import annotations

from monai.losses import DiceLoss
from torch import Tensor
from torch.nn import functional


def dice_and_cross_entropy(scores: Tensor, classes: Tensor, emphasis: float = 1.0) -> Tensor:
    """1 less soft Dice of all classes but the first, over the whole batch, and cross-entropy.

    Parameters
    ----------
    scores : (B, N, K, J, I) logits of N classes
    classes : (B, K, J, I) numbers of them, or bool where there are two
    emphasis : weight in the cross-entropy of all classes but the first
    """
    dice = DiceLoss(include_background=False, to_onehot_y=True, softmax=True, batch=True)
    weights = scores.new_full(scores.shape[1:2], emphasis)
    weights[0] = 1.0
    entropy = functional.cross_entropy(scores, classes.long(), weight=weights)
    return dice(scores, classes[:, None].to(scores.dtype)) + entropy
