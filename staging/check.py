"""python -m staging.check [name[:order] ...]"""
import sys, time, collections
import autodiff as ad
from mpmath import mp
from staging import special_rows, special_truth
from tests import truth, measured
from tests.known import TOLERANCE
for name in special_truth.ROWS:
    truth.ROWS[name] = special_truth.ROWS[name]
    base = name.split("[")[0]
    if "[" in name:
        n = int(name.split("[")[1][:-1])
        measured._CALLS[name] = lambda x, n=n: ad.OPS["polygamma"](float(n), x)
    else:
        measured._CALLS[name] = ad.OPS[base]
for arg in sys.argv[1:] or special_truth.ROWS:
    name, _, orders = arg.partition(":")
    for order in map(int, orders or "0123"):
        start = time.time()
        bad, worst, count = [], 0.0, 0
        try:
            for point, way, index, got, want, error in measured.errors(name, order):
                count += 1
                if error > TOLERANCE[order]: bad.append((point, way, index, got, mp.nstr(want, 17), f"{error:.2g}"))
                else: worst = max(worst, error)
        except Exception as e:
            import traceback; bad.append(repr(e)); traceback.print_exc(limit=-3)
        print(f"{name} order {order}: {count} results, worst within {worst:.1e}, beyond {len(bad)}  ({time.time()-start:.1f}s)", flush=True)
        for b in bad[:14]: print("    ", *b)
