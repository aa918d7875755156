"""Many steps of training in one call: gradient, update, and again, without Python between them.

A step is made of *parts*: one program on some of its samples.  Their losses and gradients are added up, and the formula
of the optimiser changes the numbers that all programs share.  Programs, samples and parts are rows of integers, which
say where in a few long arrays the numbers of each begin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import vm
from .assembler import Driver
from .cache import njit
from .memory import call_kernel
from .update import LR, STEPS

if TYPE_CHECKING:
    from .vm import Integers, Lanes, Numbers, Rows

    IntegerRows = Integers

__all__ = ["run"]

# What stands in the row of a program.
(
    PLAN,  # where its plan begins
    CALL,  # its buffer for the call
    LANES,  # its buffer for samples
    INPUTS,  # how many rows of the columns it takes
    AS_PARAMETERS,  # 1 if the inputs are its last parameters, and every part is a single sample
    PARAMETERS,  # how many it has with these
    PARTIAL,  # how many numbers a chunk adds up
    PLACES,  # where the runs begin of its parameters among the numbers, and where they end
    PLACES_END,
    OUTPUTS,  # where the slots of its outputs begin: on lanes, or -1, then in the call
    OUTPUTS_END,
) = range(11)

# What stands in the row of a part.
(
    PROGRAM,
    FIRST,  # where the numbers of its samples begin; -1 if it has all of them in their order
    COUNT,  # how many there are
    BLOCK,  # how they are cut, as ``runner`` does it
    LENGTH,
    CHUNKS,
) = range(6)

_compiled = njit(nogil=True, error_model="numpy")


@_compiled
def _samples(program: Any, part: Any, columns: Any, rows: Any, room: Any) -> Any:
    """The columns of a part, in an array of shape (inputs, samples)."""
    inputs, first, count = program[INPUTS], part[FIRST], part[COUNT]
    if first < 0:
        return columns
    for i in range(inputs):
        for t in range(count):
            room[i * count + t] = columns[i, rows[first + t]]
    return room[: inputs * count].reshape(inputs, count)


@_compiled
def _take(runs: Any, numbers: Any, parameters: Any) -> None:
    """The parameters of a program, from the numbers of all."""
    for k in range(0, len(runs), 3):
        vm.copy(numbers[runs[k + 1] :], parameters[runs[k] :], runs[k + 2])


@_compiled
def _look(
    program: Any,
    part: Any,
    plans: Any,
    calls: Any,
    lanes: Any,
    columns: Any,
    rows: Any,
    places: Any,
    numbers: Any,
    room: Any,
    seen: Any,
) -> int:
    """The outputs of a program for the samples of a part, one output after the other; how many numbers that are."""
    plan, U, V = plans[program[PLAN] :], calls[program[CALL] :], lanes[program[LANES] :]
    count, samples = program[PARAMETERS], part[COUNT]
    parameters, room = room[:count], room[count:]
    _take(places[program[PLACES] : program[PLACES_END]], numbers, parameters)
    vm.begin(plan, U, parameters)
    vm.spread(plan, U, V)
    outputs = (program[OUTPUTS_END] - program[OUTPUTS]) // 2
    slots = places[program[OUTPUTS] : program[OUTPUTS] + outputs]
    Y = seen[: outputs * samples].reshape(outputs, samples)
    for i in range(outputs):
        if slots[i] < 0:
            vm.fill(Y[i], samples, U[places[program[OUTPUTS] + outputs + i]])
    X = _samples(program, part, columns, rows, room)
    vm.evaluate(plan, V, X, slots, Y, 0, samples, min(plan[vm.STRIDE], part[BLOCK]))
    return outputs * samples


@_compiled
def _differentiate(
    program: Any,
    part: Any,
    plans: Any,
    calls: Any,
    lanes: Any,
    columns: Any,
    rows: Any,
    places: Any,
    numbers: Any,
    slopes: Any,
    over: float,
    room: Any,
) -> float:
    """The sum of the outputs of a part, whose gradient, over so many samples, is added to the slopes."""
    plan, U, V = plans[program[PLAN] :], calls[program[CALL] :], lanes[program[LANES] :]
    count = program[PARAMETERS]
    parameters, gradient, room = room[:count], room[count : 2 * count], room[2 * count :]
    runs = places[program[PLACES] : program[PLACES_END]]
    _take(runs, numbers, parameters)
    partials = room[: part[CHUNKS] * program[PARTIAL]].reshape(part[CHUNKS], program[PARTIAL])
    room = room[part[CHUNKS] * program[PARTIAL] :]
    if program[AS_PARAMETERS]:
        first = count - program[INPUTS]
        for i in range(program[INPUTS]):
            parameters[first + i] = columns[i, rows[part[FIRST]]]
    vm.begin(plan, U, parameters)
    if plan[vm.OUTPUT_PER_SAMPLE]:
        X = _samples(program, part, columns, rows, room)
        vm.spread(plan, U, V)
        nothing = room[:0]
        for chunk in range(part[CHUNKS]):
            low = chunk * part[LENGTH]
            high = min(low + part[LENGTH], part[COUNT])
            vm.differentiate(plan, V, X, 1.0, low, high, part[BLOCK], partials[chunk], nothing, nothing.reshape(0, 0))
        total = vm.finish(plan, U, partials, 1.0, over, gradient)
    else:
        vm.fill(partials[0], program[PARTIAL], 0.0)
        total = part[COUNT] * vm.finish(plan, U, partials, part[COUNT] / over, 1.0, gradient)
    for k in range(0, len(runs), 3):
        here, there = gradient[runs[k] :], slopes[runs[k + 1] :]
        for i in range(runs[k + 2]):
            there[i] += here[i]
    return total


@_compiled
def _update(update: int, numbers: Any, slopes: Any, settings: Any, state: Any, count: int) -> None:
    """The formula of the optimiser, in the form of a kernel."""
    more = slopes.ctypes.data, settings.ctypes.data, state.ctypes.data
    call_kernel(update, numbers.ctypes.data, 0, count, more[0], more[1], more[2], 0)


@Driver
@_compiled
def run(
    programs: IntegerRows,
    parts: IntegerRows,
    starts: Integers,
    over: Numbers,
    given: Rows,
    rates: Numbers,
    plans: Integers,
    calls: Numbers,
    lanes: Lanes,
    columns: Rows,
    rows: Integers,
    places: Integers,
    numbers: Numbers,
    slopes: Numbers,
    trained: int,
    update: int,
    settings: Numbers,
    state: Rows,
    room: Numbers,
    losses: Numbers,
    done: Integers,
    watched: int,
    seen: Numbers,
) -> None:
    """All steps, up to one whose loss or gradient is not finite.

    ``programs`` and ``parts`` have rows of what is named above; ``starts`` says where the parts of each step begin.
    ``over`` is what loss and gradient of each step are divided by, ``rates`` the learning rate of each, and ``given``
    what the last of the numbers are in each, which nothing learns.  ``plans``, ``calls``, ``lanes`` and ``places``
    are those of all programs behind each other, ``columns`` the samples, ``rows`` the numbers of those of all parts.

    ``numbers`` are those of all parameters, of which the optimiser changes the first, ``trained`` of them, by its
    ``update`` with its ``settings`` and ``state``; ``slopes`` is their gradient, and ``room`` is to work in.  The loss
    of each step goes to ``losses``, and for each that is done done[0] grows by 1.  The outputs of program ``watched``,
    if that is not negative, go to ``seen`` before each step, part by part.
    """
    at = 0
    for step in range(len(losses)):
        vm.copy(given[step], numbers[len(numbers) - given.shape[1] :], given.shape[1])
        vm.fill(slopes, len(slopes), 0.0)
        total = 0.0
        for k in range(starts[step], starts[step + 1]):
            part = parts[k]
            program = programs[part[PROGRAM]]
            if watched >= 0:
                at += _look(
                    programs[watched], part, plans, calls, lanes, columns, rows, places, numbers, room, seen[at:]
                )
            total += _differentiate(
                program, part, plans, calls, lanes, columns, rows, places, numbers, slopes, over[step], room
            )
        losses[step] = total / over[step]
        check = 0.0 * total
        for i in range(trained):
            check += 0.0 * slopes[i]
        if check != 0.0:
            return
        settings[LR] = rates[step]
        settings[STEPS] += 1.0
        _update(update, numbers, slopes, settings, state, trained)
        done[0] += 1
