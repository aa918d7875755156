"""Write optimiser_facts.json: what PyTorch's optimisers, schedules and clipping do with given numbers.

    python tests/data/make_optimiser_facts.py        needs torch, which nothing else in the project does

`tests/test_nn_optim.py` holds `nn` to these facts, and where torch is installed it holds the facts to torch.
"""

import json
import math
import re
from pathlib import Path

FACTS = Path(__file__).with_name("optimiser_facts.json")
STEPS = 12
START = [1.0, -0.5, 0.25, 3.0]
LR = 0.1
# One gradient for each parameter and step: of both signs, large and tiny, one that falls to 0, and one that is 0.
GRADIENTS = [
    [round(math.sin(1.7 * step + 0.3), 6), round(300 * math.cos(step), 3), 1e-7 * (step - 5.5), float(4 - min(step, 4))]
    for step in range(STEPS)
]
GRADIENTS[3][0] = 0.0
# PyTorch's class, and settings that mean the same to nn's.
OPTIMISERS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("SGD", {"weight_decay": 0.05}),
    ("SGD", {"momentum": 0.5, "nesterov": True, "weight_decay": 0.05}),
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.9, "eps": 1e-3, "weight_decay": 0.05}),
    ("RMSprop", {"alpha": 0.9, "momentum": 0.9}),
    ("Adam", {}),
    ("Adam", {"betas": [0.8, 0.95], "eps": 1e-3}),
    ("Adam", {"weight_decay": 0.05}),
    ("AdamW", {}),
    ("AdamW", {"betas": [0.8, 0.95], "weight_decay": 0.3}),
]
# The schedule of nn with its settings, and the call of PyTorch that is the same.
SCHEDULES = [
    ("step_decay", {"every": 3}, "StepLR", {"step_size": 3}),
    ("step_decay", {"every": 2, "factor": 0.7}, "StepLR", {"step_size": 2, "gamma": 0.7}),
    (
        "linear",
        {"steps": 6, "start": 0.25, "end": 1.0},
        "LinearLR",
        {"total_iters": 6, "start_factor": 0.25, "end_factor": 1.0},
    ),
    ("linear", {"steps": 8, "end": 0.1}, "LinearLR", {"total_iters": 8, "start_factor": 1.0, "end_factor": 0.1}),
    ("cosine", {"steps": STEPS}, "CosineAnnealingLR", {"T_max": STEPS}),
    ("cosine", {"steps": STEPS, "end": 0.2}, "CosineAnnealingLR", {"T_max": STEPS, "eta_min": 0.2 * LR}),
]
MAX_NORMS = [0.5, 5.0, 5.0000005, 1000.0]
TO_CLIP = [3.0, -4.0, 0.0, 1e-9]


def parameters(torch):
    """One tensor with one number for each parameter, in double precision."""
    return [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in START]


def set_gradients(torch, ws, gradients):
    for w, gradient in zip(ws, gradients, strict=True):
        w.grad = torch.tensor(gradient, dtype=torch.float64)


def trajectory(torch, name, settings):
    """The parameters after each step; half-way the learning rate is halved, as a schedule would."""
    ws = parameters(torch)
    optimiser = getattr(torch.optim, name)(ws, lr=LR, **settings)
    after = []
    for step, gradients in enumerate(GRADIENTS):
        if step == STEPS // 2:
            for group in optimiser.param_groups:
                group["lr"] = LR / 2
        set_gradients(torch, ws, gradients)
        optimiser.step()
        after.append([w.item() for w in ws])
    return after


def rates(torch, name, settings):
    """The learning rate at each step."""
    optimiser = torch.optim.SGD(parameters(torch), lr=LR)
    schedule = getattr(torch.optim.lr_scheduler, name)(optimiser, **settings)
    found = []
    for _ in range(STEPS + 1):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return found


def clipped_by_norm(torch, max_norm):
    ws = parameters(torch)
    set_gradients(torch, ws, TO_CLIP)
    norm = torch.nn.utils.clip_grad_norm_(ws, max_norm)
    return {"max_norm": max_norm, "norm": norm.item(), "gradients": [w.grad.item() for w in ws]}


def clipped_by_value(torch, clip_value):
    ws = parameters(torch)
    set_gradients(torch, ws, TO_CLIP)
    torch.nn.utils.clip_grad_value_(ws, clip_value)
    return {"clip_value": clip_value, "gradients": [w.grad.item() for w in ws]}


def make():
    """All facts, from the torch that is installed."""
    import torch

    return {
        "source": f"PyTorch {torch.__version__} in float64 on the CPU, by tests/data/make_optimiser_facts.py",
        "start": START,
        "gradients": GRADIENTS,
        "lr": LR,
        "lr halved at step": STEPS // 2,
        "optimisers": [
            {"call": f"torch.optim.{name}", "settings": settings, "after each step": trajectory(torch, name, settings)}
            for name, settings in OPTIMISERS
        ],
        "schedules": [
            {
                "call": f"torch.optim.lr_scheduler.{name}",
                "settings": settings,
                "nn": ours,
                "nn settings": our_settings,
                "rates": rates(torch, name, settings),
            }
            for ours, our_settings, name, settings in SCHEDULES
        ],
        "to clip": TO_CLIP,
        "torch.nn.utils.clip_grad_norm_": [clipped_by_norm(torch, max_norm) for max_norm in MAX_NORMS],
        "torch.nn.utils.clip_grad_value_": [clipped_by_value(torch, clip_value) for clip_value in (0.5, 3.5)],
    }


def text(facts):
    """JSON with one line for each list of numbers, so that a difference shows which."""
    spread = json.dumps(facts, indent=1)
    return re.sub(r"\[\s+(-?\d[^][]*)\]", lambda numbers: f"[{' '.join(numbers[1].split())}]", spread) + "\n"


if __name__ == "__main__":
    FACTS.write_text(text(make()), encoding="utf-8")
