"""One analysis, or several after one another, for many cases: each in a process of its own, resumable."""

from .coordinator import BatchOutcome, BatchSettings, run_batch
from .plan import BatchPlan, plan_batch

__all__ = ["BatchOutcome", "BatchPlan", "BatchSettings", "plan_batch", "run_batch"]
