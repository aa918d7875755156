"""Values at many random points against mpmath, worst relative errors by region."""
import random, math, sys
from mpmath import mp, mpf
from autodiff import special as S
mp.dps=50
rnd=random.Random(1)
def rel(g,w):
    if mp.isinf(w) or abs(w)>mpf(2)**1024*(1-mpf(2)**-54): return 0 if math.isinf(g) else 9
    return float(abs(mpf(g)-w)/abs(w)) if w else (0 if g==0 else 9)
def lg(x):
    return mp.loggamma(x) if x>0 else mp.log(mp.pi/abs(mp.sinpi(x)))-mp.loggamma(1-x)
regions={"0..0.5":lambda:rnd.uniform(0,.5),"0.5..3":lambda:rnd.uniform(.5,3),"3..12":lambda:rnd.uniform(3,12),"12..200":lambda:rnd.uniform(12,200),
 "1e2..1e300":lambda:10**rnd.uniform(2,300),"1e-300..1":lambda:10**rnd.uniform(-300,0),"-1..0":lambda:-rnd.random(),"-10..-1":lambda:-rnd.uniform(1,10),"-200..-10":lambda:-rnd.uniform(10,200),"-1e-300..":lambda:-10**rnd.uniform(-300,0)}
fs={"lgamma":(S.lgamma,lg),"digamma":(S.digamma,lambda x:mp.psi(0,x))}
for n in (1,2,3,4,5,10,20,50): fs[f"psi{n}"]=(lambda x,n=n:S.polygamma(float(n),x),lambda x,n=n:mp.psi(n,x))
for name,(f,t) in fs.items():
    out=[]
    for r,g in regions.items():
        w,at=0,0
        for _ in range(60):
            x=g(); e=rel(f(x),t(mpf(x)))
            if e>w: w,at=e,x
        out.append(f"{r}: {w:.1e}"+(f" @{at!r}" if w>3e-15 else ""))
    print(name,"; ".join(out),flush=True)
def sn(n,x):
    # spherical: integral representation is slow; use taylor of mp
    return mp.diff(lambda t: mp.sinpi(t)/(mp.pi*t) if t else mpf(1), x, n)
mp.dps=80
for n in (0,1,2,3,4,5,8,12,20):
    out=[]
    for r,g in {"0..0.1":lambda:10**rnd.uniform(-9,-1),"0.1..1":lambda:rnd.uniform(.1,1),"1..3":lambda:rnd.uniform(1,3),"3..10":lambda:rnd.uniform(3,10),"10..1e6":lambda:10**rnd.uniform(1,6)}.items():
        w=0
        for _ in range(25):
            x=g(); want=sn(n,mpf(x)); e=abs(mpf(S.sinc_n(float(n),x))-want)/(mp.pi**n/max(1,mp.pi*x)/max(1,n+1 if mp.pi*x<n else 1)); w=max(w,float(e))
        out.append(f"{r}: {w:.1e}")
    print("sinc_n",n,"of scale; ".join(out),flush=True)
