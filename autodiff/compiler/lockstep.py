"""All lanes of a loop are walked together: roots go in, columns come out, a number of each lane in each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .loops import compiled_if_large

__all__ = ["INNER", "INPUT", "SHARED", "Columns", "walk"]

SHARED, INNER, INPUT = range(3)
"""What a column is: the same in every lane, an operation of the body, or what differs from lane to lane."""


class Columns(NamedTuple):
    """What the walk met.

    Attributes:
        members: the columns, a number of each lane.
        what: what each is.
        taken: the columns that are the operands of an operation of the body, those of one after those of the other.
        first: where in ``taken`` those of each column begin.
        order: all columns, operands first; none if there were too many.
    """

    members: Any
    what: Any
    taken: Any
    first: Any
    order: Any


@compiled_if_large
def walk(
    roots: Any,
    op: Any,
    start: Any,
    operands: Any,
    movable: Any,
    rate: Any,
    bits: Any,
    owner: Any,
    exact: Any,
    limit: int,
) -> Any:
    """All lanes in lockstep, from the roots down; each column is met once.  Gives up after ``limit`` columns."""
    lanes, nodes = len(roots), len(op)
    columns = np.empty((limit, lanes), np.int64)
    what = np.empty(limit, np.int64)
    first = np.zeros(limit + 1, np.int64)
    taken = np.empty(16 * limit, np.int64)
    order = np.empty(limit, np.int64)
    waiting, place = np.empty(limit, np.int64), np.empty(limit, np.int64)  # operations not done yet, innermost last
    alike = np.full(len(owner), -1, np.int64)  # the last column with this number in its first lane
    before = np.full(limit, -1, np.int64)  # and the one before that
    count = used = done = depth = 0
    here = np.empty(lanes, np.int64)
    for lane in range(lanes):
        here[lane] = roots[lane]
    meeting = True
    while meeting or depth > 0:
        if not meeting:
            column = waiting[depth - 1]
            node = columns[column, 0]
            if place[depth - 1] == start[node + 1] - start[node]:
                order[done] = column
                done += 1
                depth -= 1
                continue
            for lane in range(lanes):
                here[lane] = operands[start[columns[column, lane]] + place[depth - 1]]
        meeting = False
        found = alike[here[0]]
        while found >= 0:
            same = True
            for lane in range(lanes):
                if columns[found, lane] != here[lane]:
                    same = False
                    break
            if same:
                break
            found = before[found]
        new = found < 0
        if new:
            if count == limit:
                return columns[:0], what[:0], taken[:0], first[:1], order[:0]
            found = count
            count += 1
            head = here[0]
            for lane in range(lanes):
                columns[found, lane] = here[lane]
            before[found] = alike[head]
            alike[head] = found
            shared = constant = True
            for lane in range(lanes):
                shared = shared and here[lane] == head
                constant = constant and rate[here[lane]] == 0 and bits[here[lane]] == bits[head]
            inner = not shared and head < nodes and movable[head]
            arity = start[head + 1] - start[head] if inner else 0
            lane = 0
            while inner and lane < lanes:
                node = here[lane]
                inner = node < nodes and owner[node] == lane and op[node] == op[head]
                inner = inner and start[node + 1] - start[node] == arity
                i = 0
                while inner and i < arity:
                    inner = exact[start[node] + i] == exact[start[head] + i]
                    i += 1
                lane += 1
            what[found] = SHARED if shared or constant else INNER if inner else INPUT
            first[found] = used
            if what[found] == INNER:
                if used + arity > len(taken):
                    more = np.empty(2 * (used + arity), np.int64)
                    for i in range(used):
                        more[i] = taken[i]
                    taken = more
                used += arity
        if depth > 0:
            taken[first[waiting[depth - 1]] + place[depth - 1]] = found
            place[depth - 1] += 1
        if new and what[found] == INNER:
            waiting[depth] = found
            place[depth] = 0
            depth += 1
        elif new:
            order[done] = found
            done += 1
    first[count] = used
    return columns[:count], what[:count], taken[:used], first[: count + 1], order[:done]
