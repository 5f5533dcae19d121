"""What `fit` shows while it runs."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

__all__ = ["Progress"]


class Progress:
    """A bar for one epoch (verbose 1), a line at its end (2), or nothing (0)."""

    def __init__(self, verbose: int, epoch: int, epochs: int, steps: int) -> None:
        self.title = f"epoch {epoch + 1}/{epochs}"
        self.verbose, self.bar = verbose, None
        if verbose == 1:
            self.bar = _tqdm()(total=steps, desc=self.title, unit="step")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            self.bar.close()

    def step(self, sums: dict[str, float], count: int) -> None:
        """Show the means so far."""
        if self.bar is not None:
            means = {name: f"{value / count:.4f}" for name, value in sums.items()}
            self.bar.set_postfix(means, refresh=False)
            self.bar.update()

    def end(self, logs: dict[str, float]) -> None:
        """Show an epoch's measurements."""
        shown = {name: f"{value:.4g}" for name, value in logs.items()}
        if self.bar is not None:
            self.bar.set_postfix(shown)
        elif self.verbose == 2:
            print(self.title + ": " + ", ".join(f"{k} {v}" for k, v in shown.items()), flush=True)


def _tqdm() -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError(
            "verbose=1 shows a progress bar, which needs tqdm: pip install ndtape[nn], or use "
            "verbose=2"
        ) from error
    return tqdm
