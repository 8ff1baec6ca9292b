"""What PyTorch's types leave open about modules, said for type checkers.

A network makes plain `torch.nn.ModuleList` and `torch.nn.ModuleDict`, which ``torch.compile``
knows, and casts them to the containers here, which say of which class their modules are. Nothing
makes one of these.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, ValuesView
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class ListOf(nn.ModuleList, Generic[M]):
    """A list of modules of one class."""

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, idx: slice) -> ListOf[M]: ...

        @overload
        def __getitem__(self, idx: int) -> M: ...

        def __getitem__(self, idx: int | slice) -> M | ListOf[M]: ...

        def __iter__(self) -> Iterator[M]: ...


class DictOf(nn.ModuleDict, Generic[M]):
    """Modules of one class by name."""

    if TYPE_CHECKING:

        def __getitem__(self, key: str) -> M: ...

        def items(self) -> ItemsView[str, M]:
            """Names and modules."""
            ...

        def values(self) -> ValuesView[M]:
            """The modules alone."""
            ...


def bias_of(conv: nn.Conv1d | nn.Conv2d) -> Tensor:
    """Return the bias of a convolution that was made with one."""
    assert conv.bias is not None
    return conv.bias
