import ast, inspect, math, numpy as np, importlib.util, sys
src=open("/work/wt/formulas/autodiff/compiler/lift.py").read()
src=src.replace("node.body[1:]","node.body[isinstance(node.body[0],ast.Expr):]"); i=src.index("class _Lift"); pre="import ast\nfrom functools import reduce\nfrom typing import Any\n"
ns={}; exec(pre+src[i:],ns)
from autodiff import special as S
np.seterr(all="ignore")
prim=dict(vars(S)); prim.update(select=lambda c,a,b: np.where(c,a,b),both=np.logical_and,either=np.logical_or,negated=np.logical_not,
 fabs=np.abs,copysign=np.copysign,div=np.divide,log=np.log,log1p=np.log1p,exp=np.exp,exp2=np.exp2,expm1=np.expm1,pow=np.power,atanh=np.arctanh,maximum=np.maximum,round=np.rint,floor=np.floor,trunc=np.trunc,
 _difference_error=lambda x,y,d: np.where(np.isfinite(d),(x-(d+(y-0)*0+0*(x))) if False else ((x-(d+(x-d)*0+ (x*0)+ (d*0)+ (0))) if False else (lambda yp: (x-(d-yp*-1 if False else d+yp))+(yp-y) if False else ((x-(d+ (x-d))) + ((x-d)-y)))(x-d)),0.0))
class M: sin=np.sin; cos=np.cos; pi=math.pi; 
prim["math"]=M
names=[n for n,f in vars(S).items() if inspect.isfunction(f) and f.__module__==S.__name__ and n not in("floor_divide","fmod")]
for n in names:
    t=ns["_Lift"]().visit(ast.parse(inspect.getsource(getattr(S,n))))
    code=ast.unparse(ast.fix_missing_locations(t))
    exec(code,prim)
xs=np.array([0.0,-0.0,.3,1.46,2.7,9.,33.3,1e10,1e300,-.3,-1.5,-1.0,-7.7,-1e17,math.inf,-math.inf,math.nan,1e-310,.5,.75])
bad=0
def cmp(n,*a):
    global bad
    vec=np.broadcast_to(prim[n](*a),np.broadcast_shapes(*[np.shape(q) for q in a]))
    arrs=np.broadcast_arrays(*a)
    for k in range(len(xs)):
        want=getattr(S,n)(*[float(q[k]) for q in arrs]); got=float(vec[k])
        if not(np.isclose(got,want,rtol=2e-14,atol=1e-300,equal_nan=True)): bad+=1; print(n,[float(q[k]) for q in arrs],got,want)
for n in "lgamma digamma sinc logit log1mexp exp10 trunc".split(): cmp(n,xs)
for o in (0.0,1.0,2.0,3.0): cmp("polygamma",o,xs); cmp("sinc_n",o,xs)
ys=np.roll(xs,3)
for n in "logaddexp logaddexp2 xlogy xlog1py div0 with_sign".split(): cmp(n,xs,ys)
print("lift differences:",bad)
