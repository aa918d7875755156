from staging import check, special_known
from tests.known import KNOWN, TOLERANCE, excused
from tests.measured import errors
for name, orders in {"sinc": (1,2,3), "logaddexp": (3,), "logaddexp2": (3,), "exp10": (2, 3), "fmod": (2, 3)}.items():
    for o in orders:
        beyond = [(p, w, g, t) for p, w, i, g, t, e in errors(name, o) if e > TOLERANCE[o]]
        left = [b for b in beyond if not excused(name, o, b[1], b[0], b[2], b[3])]
        worst = [k.error(p, g, t) for p, w, g, t in beyond for k in KNOWN if k.covers(name, o, w, p, t)]
        print(name, o, len(beyond), "beyond,", len(left), "not excused", left[:3], "worst in unit", max(worst, default=0))
