"""In which order to run the operations of a program, so that few instructions run many of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .passes import compiled_if_large

__all__ = ["schedule"]


@compiled_if_large
def schedule(chosen: Any, kind: Any, chains: Any, start: Any, operands: Any) -> Any:
    """Order the chosen nodes in runs of one kind each, operands before what uses them.

    Of all nodes whose operands are done, those of the most frequent kind run next (Kahn's algorithm with a queue for
    every kind).  A kind that ``chains`` allows takes along what becomes ready meanwhile: a long sum is then one run,
    each operation taking the result of the one before.

    Args:
        chosen: for each node whether it is to run; what is not is taken to be known.
        kind: the kind of each node.
        chains: for each kind whether an operation may take the result of another in its run.
        start: as in ``Recording``.
        operands: as in ``Recording``.

    Returns:
        The nodes in order, and where each run begins.
    """
    nodes = len(kind)
    waits = np.zeros(nodes, np.int64)  # for so many operands
    uses = np.zeros(nodes + 1, np.int64)
    for node in range(nodes):
        if chosen[node]:
            for k in range(start[node], start[node + 1]):
                if operands[k] < nodes and chosen[operands[k]]:
                    waits[node] += 1
                    uses[operands[k] + 1] += 1
    for node in range(nodes):
        uses[node + 1] += uses[node]
    users = np.empty(uses[nodes], np.int64)
    filled = uses[:nodes].copy()
    total = 0
    for node in range(nodes):
        if chosen[node]:
            total += 1
            for k in range(start[node], start[node + 1]):
                if operands[k] < nodes and chosen[operands[k]]:
                    users[filled[operands[k]]] = node
                    filled[operands[k]] += 1
    head = np.full(len(chains), -1, np.int64)  # a queue of ready nodes for every kind, linked through `after`
    tail = np.full(len(chains), -1, np.int64)
    ready = np.zeros(len(chains), np.int64)
    after = np.full(nodes, -1, np.int64)
    order = np.empty(total, np.int64)
    first = np.empty(total, np.int64)
    done = runs = 0
    for node in range(nodes):
        if chosen[node] and waits[node] == 0:
            which = kind[node]
            if ready[which] == 0:
                head[which] = node
            else:
                after[tail[which]] = node
            tail[which] = node
            ready[which] += 1
    while done < total:
        current = np.argmax(ready)
        first[runs] = done
        runs += 1
        left = ready[current]
        while ready[current] > 0 and (left > 0 or chains[current]):
            left -= 1
            node = head[current]
            head[current] = after[node]
            ready[current] -= 1
            order[done] = node
            done += 1
            for k in range(uses[node], uses[node + 1]):
                user = users[k]
                waits[user] -= 1
                if waits[user] == 0:
                    which = kind[user]
                    if ready[which] == 0:
                        head[which] = user
                    else:
                        after[tail[which]] = user
                    tail[which] = user
                    ready[which] += 1
    return order, first[:runs]
