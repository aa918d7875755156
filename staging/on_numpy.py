import numpy as np, operator
import autodiff as ad
from autodiff import Value
xs=np.array([Value(1.0),Value(4.0),Value(2.5)]); nums=np.array([1.0,4.0,2.5])
def t(name,f):
    try: r=f(); print("ok  ",name,r if not isinstance(r,np.ndarray) else list(r))
    except Exception as e: print("FAIL",name,type(e).__name__,str(e)[:100])
def go():
    for name in "var std mean median ptp sum prod average cumsum diff max min argmax sort".split(): t(name,lambda: getattr(np,name)(xs))
    t("clip",lambda: np.clip(xs,2.0,3.0)); t("xs//2",lambda: xs//2.0); t("2//xs",lambda: 7.0//xs); t("divmod",lambda: np.divmod(xs,2.0)); t("pydivmod",lambda: divmod(xs[0],2.0)); t("rdivmod",lambda: divmod(7.0,xs[2]))
    t("trunc",lambda: np.trunc(xs)); t("math.trunc",lambda: __import__("math").trunc(xs[0]))
    for u in "conjugate conj deg2rad rad2deg radians degrees isnan signbit sinc".split(): t(u,lambda: getattr(np,u)(xs))
    for u in "fmod copysign logaddexp logaddexp2 floor_divide float_power heaviside".split(): t(u,lambda: getattr(np,u)(xs,2.0)); t(u+" r",lambda: getattr(np,u)(2.0,xs))
    t("np.real",lambda: np.real(xs)); t("np.imag",lambda: np.imag(xs)); t("linalg.norm",lambda: np.linalg.norm(xs)); t("var ddof",lambda: np.var(xs,ddof=1)); t("dot",lambda: xs@xs); t("vdot",lambda: np.vdot(xs,xs)); t("corrcoef",lambda: np.cov(xs)); t("quantile",lambda: np.quantile(xs,.5)); t("trapezoid",lambda: np.trapezoid(xs)); t("outer",lambda: np.outer(xs,xs).shape); t("std 2d",lambda: np.std(xs.reshape(3,1),axis=0))
    t("x.real",lambda: xs[0].real); t("x.imag",lambda: xs[0].imag); t("is_integer",lambda: xs[0].is_integer())
print("BEFORE"); go()
class V(Value): pass
from staging import special_rows as R
from autodiff.value import _unary,_binary,_operator,_reflected
Value.conjugate=Value.conj=lambda self: self
Value.real=property(lambda self: self); Value.imag=property(lambda self: 0.0)
Value.__floordiv__,Value.__rfloordiv__=_operator(R.floor_divide),_reflected(R.floor_divide)
Value.__divmod__=lambda self,o:(self//o,self%o); Value.__rdivmod__=lambda self,o:(o//self,o%self)
Value.trunc=Value.__trunc__=_unary(R.trunc)
for n,r in dict(deg2rad="deg2rad",rad2deg="rad2deg",radians="deg2rad",degrees="rad2deg").items(): setattr(Value,n,_unary(getattr(R,r)))
for n in "fmod copysign logaddexp logaddexp2 floor_divide".split(): setattr(Value,n,_binary(getattr(R,n)))
print("AFTER"); go()
x=np.array([Value(1.0),Value(4.0),Value(2.5)]); s=np.std(x,ddof=1); s.backward(); print(s, [v.grad for v in x], np.std(nums,ddof=1))
