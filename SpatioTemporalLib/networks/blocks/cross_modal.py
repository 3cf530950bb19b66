"""Fusion of image tokens and clinical tokens of the same patient.

Every fusion of tokens takes image tokens (B, P, image_width), one a position of
a map, and clinical tokens (B, F, clinical_width), one a covariate, and gives
(B, out_width). Attention runs inside a patient, never over the batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def position_tokens(features: Tensor) -> Tensor:
    """A map (B, D, K, J, I) as tokens (B, K J I, D)."""
    return features.flatten(2).transpose(1, 2)


class BidirectionalCrossAttention(nn.Module):
    """Clinical tokens pick image positions, and image positions pick clinical tokens.

    Notes
    -----
    Cross-modal attention fusion of CSF-Net, eq. 3-4: the queries of one
    modality attend to keys and values of the other, whose own tokens are added.
    A modality has as many answers as the other has tokens, so both are averaged
    before they are added. The softmax runs over the keys.
    """

    def __init__(
        self, image_width: int, clinical_width: int, width: int = 128, *, heads: int = 4, dropout: float = 0.2
    ):
        super().__init__()
        self.out_width = 2 * width
        self.image = _Modality(image_width, width, heads, dropout)
        self.clinical = _Modality(clinical_width, width, heads, dropout)

    def forward(self, image_tokens: Tensor, clinical_tokens: Tensor) -> Tensor:
        """(B, P, image_width) and (B, F, clinical_width) to (B, 2 width)."""
        image = self.image.reduce(image_tokens)
        clinical = self.clinical.reduce(clinical_tokens)
        from_image = self.image.answer(image, asked_by=self.clinical.query(clinical))
        from_clinical = self.clinical.answer(clinical, asked_by=self.image.query(image))
        return torch.cat([from_image, from_clinical], dim=1)


class _Modality(nn.Module):
    """Maps of one side of the cross-attention."""

    def __init__(self, in_width: int, width: int, heads: int, dropout: float):
        super().__init__()
        self.reduce = _rectified(in_width, width)
        self.query, self.key, self.value = (_rectified(width, width) for _ in range(3))
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.out = nn.Linear(width, width)

    def answer(self, tokens: Tensor, asked_by: Tensor) -> Tensor:
        """(B, width): what queries (B, Q, width) pick from tokens (B, N, width), and the tokens' mean."""
        picked, _ = self.attention(asked_by, self.key(tokens), self.value(tokens), need_weights=False)
        return self.out(picked.mean(dim=1) + tokens.mean(dim=1))


class ConcatMLP(nn.Module):
    """A layer over the two means: interactions only as far as one hidden layer makes them."""

    def __init__(self, image_width: int, clinical_width: int, width: int = 128):
        super().__init__()
        self.out_width = width
        self.layers = _rectified(image_width + clinical_width, width)

    def forward(self, image_tokens: Tensor, clinical_tokens: Tensor) -> Tensor:
        """(B, P, image_width) and (B, F, clinical_width) to (B, width)."""
        return self.layers(torch.cat([image_tokens.mean(dim=1), clinical_tokens.mean(dim=1)], dim=1))


class MutualCoAttention(nn.Module):
    """Two passes of co-attention, the second guided by the first.

    Notes
    -----
    After the co-attention of MCFN (Ding et al., IEEE Trans Med Imaging, 2024):
    affinity tanh(X W Y'), attended X' = softmax(A) Y over the clinical tokens
    and Y' = softmax(A') X over the positions. The affinity is divided by the
    square root of the width, since tanh is flat beyond a few units. The second
    pass takes each token together with what the first pass brought it.
    """

    def __init__(self, image_width: int, clinical_width: int, width: int = 128):
        super().__init__()
        self.out_width = 2 * width
        self.image = nn.Linear(image_width, width)
        self.clinical = nn.Linear(clinical_width, width)
        self.affinities = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(2))

    def forward(self, image_tokens: Tensor, clinical_tokens: Tensor) -> Tensor:
        """(B, P, image_width) and (B, F, clinical_width) to (B, 2 width)."""
        image, clinical = self.image(image_tokens), self.clinical(clinical_tokens)
        for_image, for_clinical = self._attend(self.affinities[0], image, clinical)
        guided = self._attend(self.affinities[1], image + for_image, clinical + for_clinical)
        return torch.cat([tokens.mean(dim=1) for tokens in guided], dim=1)

    def _attend(self, affinity: nn.Linear, image: Tensor, clinical: Tensor) -> tuple[Tensor, Tensor]:
        scores = (affinity(image) @ clinical.transpose(1, 2) / self.clinical.out_features**0.5).tanh()
        return scores.softmax(dim=2) @ clinical, scores.softmax(dim=1).transpose(1, 2) @ image


class LateFusion(nn.Module):
    """Weighted mean of the probabilities that two heads give, as logarithms.

    Notes
    -----
    RadFusion (Zhou et al., arXiv 2111.11665, 2021): p = a p_image + (1 - a)
    p_clinical. Logarithms of probabilities are logits, so that losses take them.
    """

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, image_logits: Tensor, clinical_logits: Tensor) -> Tensor:
        """(B, classes) twice to (B, classes)."""
        log = nn.functional.logsigmoid
        from_image = image_logits.log_softmax(dim=1) + log(self.weight)
        from_clinical = clinical_logits.log_softmax(dim=1) + log(-self.weight)
        return torch.logaddexp(from_image, from_clinical)


def _rectified(in_width: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_width, width), nn.ReLU())
