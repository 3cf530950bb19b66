"""Clinical covariates as tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...errors import InputError


class TabularEncoder(nn.Module):
    """One token a covariate, and their mean.

    Parameters
    ----------
    levels : sequence of int
        Per covariate the number of its categories, or 0 for a number. Numbers
        come standardised, categories as codes 0, 1, ...
    width : int
        Length of a token.
    embedding_width : int, optional
        Length before a linear map to `width`; without it there is no such map.

    Notes
    -----
    A number scales a learned direction and a category looks one up (Gorishniy et
    al., NeurIPS 2021, FT-Transformer). A missing covariate is a learned token of
    its own: that it is missing may say something, the value that stands there
    never does.
    """

    def __init__(self, levels: Sequence[int], width: int, embedding_width: int | None = None):
        super().__init__()
        inner = embedding_width or width
        self.levels = tuple(levels)
        self.numbers = [f for f, count in enumerate(levels) if count == 0]
        self.categories = [f for f, count in enumerate(levels) if count > 0]
        counts = [levels[f] for f in self.categories]
        if self.numbers:
            self.scale = nn.Parameter(torch.randn(len(self.numbers), inner))
            self.shift = nn.Parameter(torch.randn(len(self.numbers), inner))
        if self.categories:
            self.embedding = nn.Embedding(sum(counts), inner)
        self.offsets = [sum(counts[:n]) for n in range(len(counts))]
        self.missing = nn.Parameter(torch.randn(len(levels), inner))
        self.to_width = nn.Linear(inner, width) if embedding_width else nn.Identity()

    def forward(self, covariates: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, F, width) and their mean (B, width) of covariates (B, F) with a mask (B, F).

        Raises
        ------
        InputError
            ``E-COVARIATE``, when the number of covariates is another, or a category
            has no such level.
        """
        if covariates.shape[1] != len(self.levels):
            raise InputError(
                "E-COVARIATE",
                f"{covariates.shape[1]} covariates were given, the network takes {len(self.levels)}",
                fix="Give those that it was trained with, in their order; mask what is missing.",
            )
        # Filled before any use: a missing value may be NaN or an impossible code.
        known = covariates.masked_fill(~mask, 0.0)
        tokens = self.missing.new_zeros(*covariates.shape, self.missing.shape[1])
        if self.numbers:
            tokens[:, self.numbers] = known[:, self.numbers, None] * self.scale + self.shift
        if self.categories:
            tokens[:, self.categories] = self.embedding(self._rows(known))
        tokens = self.to_width(torch.where(mask[:, :, None], tokens, self.missing))
        return tokens, tokens.mean(dim=1)

    def _rows(self, known: Tensor) -> Tensor:
        """Rows (B, n) of the embedding's table."""
        codes = known[:, self.categories]
        counts = codes.new_tensor([self.levels[f] for f in self.categories])
        if bool(((codes < 0) | (codes >= counts) | (codes != codes.round())).any()):
            raise InputError(
                "E-COVARIATE",
                f"a category is outside its codes; the numbers of levels are {[int(n) for n in counts]}",
                fix="Code categories as 0, 1, ... in the order the network was trained with.",
            )
        return codes.long() + torch.tensor(self.offsets, device=codes.device)
