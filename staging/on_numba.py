import math, numpy as np, numba as nb, types as T
from autodiff import special as S, ieee
from autodiff.compiler import machine_math as M
ns=dict(vars(S))
opts=dict(error_model="numpy")
@nb.njit(**opts)
def div(x,y): return x/y
@nb.njit(**opts)
def log(x): return math.log(x) if x>0 else (-math.inf if x==0 else math.nan)
@nb.njit(**opts)
def round_(x): return np.rint(x)
@nb.njit(**opts)
def mfmod(x,y): return math.fmod(x,y)
prim=dict(div=div,log=log,round=round_,floor=nb.njit(lambda x: np.floor(x)),trunc=nb.njit(lambda x: np.trunc(x)),exp=nb.njit(lambda x: math.exp(x)),expm1=nb.njit(lambda x: math.expm1(x)),
 log1p=nb.njit(**opts)(lambda x: math.log1p(x)),exp2=nb.njit(lambda x: 2.0**x),pow=nb.njit(lambda x,y: math.pow(x,y)),atanh=nb.njit(lambda x: math.atanh(x)),
 maximum=nb.njit(lambda x,y: max(x,y)), _difference_error=nb.njit(ieee._difference_error))
ns.update(prim)
order=["_sin_cos_pi","_quarter_turns","_sinc_up","_sinc_down","sinc_n","sinc","_polynomial","_stirling","_lgamma_near","_lgamma_right","_lgamma_left","lgamma","_psi_shifted","_psi","_digamma_left","digamma","_term","_tail","_polygamma_left","polygamma","_distance","logaddexp","logaddexp2","share","share2","exp10","log1mexp","logit","xlogy","xlog1py","div0","times_complement","with_sign","deg2rad","rad2deg"]
for name in order:
    f=getattr(S,name)
    g=T.FunctionType(f.__code__,ns,name,f.__defaults__)
    ns[name]=nb.njit(**opts)(g)
def two(n): return {"sinc_n":[(2.0,.3),(3.0,7.7)],"polygamma":[(1.0,.3),(2.0,-1.5),(3.0,-1.0)],"_sinc_up":[(2,7.7)],"_sinc_down":[(2,.3)],"_term":[(2,.3)],"_tail":[(2,.3)],"_polygamma_left":[(2,-.3)],"_polynomial":[(.3,S._PSI_P)]}.get(n,[(.3,-.7),(2.0,3.0)])
for name in order:
    f=getattr(S,name); k=f.__code__.co_argcount
    for pt in (two(name) if k==2 else [(.3,),(-1.5,),(20.3,),(0.0,),(-3.0,)]):
        try:
            a,b=f(*pt),ns[name](*pt)
            ok = np.allclose(a,b,rtol=1e-14,atol=1e-18,equal_nan=True)
            if not ok: print(name,pt,a,b)
        except Exception as e: print(name,pt,type(e),str(e)[:600]); break
print("numba done")
