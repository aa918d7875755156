"""The GPT as a module of PyTorch: ``to_torch`` of a model makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from .gpt import GPT

__all__ = ["torch_gpt"]


def torch_gpt(model: GPT, torch: Any) -> Any:
    """Tokens of shape (documents, positions) in, logits of shape (documents, positions, vocabulary) out, in float64.

    Its parameters have the names that they have in ``state_dict`` and in a file of safetensors.
    """
    functions, width = torch.nn.functional, model.width

    def empty(kind: Any, *sizes: int, **options: Any) -> Any:
        return torch.nn.utils.skip_init(kind, *sizes, dtype=torch.float64, **options)

    def linear(n: int, m: int) -> Any:
        return empty(torch.nn.Linear, n, m, bias=False)

    def block() -> Any:
        attention = torch.nn.ModuleDict({name: linear(width, width) for name in ("query", "key", "value", "mix")})
        parts = {"attention": attention, "up": linear(width, 4 * width), "down": linear(4 * width, width)}
        return torch.nn.ModuleDict(parts)

    def norm(x: Any) -> Any:
        return x * (x.square().mean(-1, keepdim=True) + model.norm.eps) ** -0.5

    def attend(attention: Any, x: Any) -> Any:
        """Documents × positions × width; in between documents × heads × positions × width of a head."""
        parts = [attention[name](x).unflatten(-1, (model.heads, -1)).transpose(1, 2) for name in _ASKED]
        taken = functions.scaled_dot_product_attention(*parts, is_causal=True)
        return attention["mix"](taken.transpose(1, 2).flatten(2))

    class TorchGPT(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.token = empty(torch.nn.Embedding, model.vocabulary, width)
            self.position = empty(torch.nn.Embedding, model.context, width)
            self.output = linear(width, model.vocabulary)
            self.blocks = torch.nn.ModuleList([block() for _ in model.blocks])

        def forward(self, tokens: Any) -> Any:
            x = norm(self.token(tokens) + self.position.weight[: tokens.shape[1]])
            for part in self.blocks:
                x = x + attend(part["attention"], norm(x))
                x = x + part["down"](functions.relu(part["up"](norm(x))))
            return self.output(x)

    network, state = TorchGPT(), model.state_dict()
    network.load_state_dict({name: torch.tensor(rows, dtype=torch.float64) for name, rows in state.items()})
    return network


_ASKED = ("query", "key", "value")
