/* The operators and functions of one number that are spelled out.  Whatever is unusual their methods in Python take: an
   operand of another type, a block of no_grad() that Python must judge, where Python's own arithmetic raises. */

typedef struct { PyObject *op, *general, *reflected; } Row; /* the methods of Operators, which take every case */

static PyObject *in_python(const Row *row, PyObject *v, PyObject *w)
{
    return IS_NODE(v) ? PyObject_CallFunctionObjArgs(row->general, v, w, NULL)
                      : PyObject_CallFunctionObjArgs(row->reflected, w, v, NULL);
}

/* The operators, each in the words of its row, to which tests/test_native.py holds it:
   name, notation, derivative to x, derivative to y, where Python's own arithmetic raises. */
#define BINARY(_) \
    _(add, x + y, 1.0, 1.0, 0) \
    _(sub, x - y, 1.0, -1.0, 0) \
    _(mul, x * y, y, x, 0) \
    _(div, x / y, 1 / y, -z / y, y == 0)

#define BINARY_METHOD(name, Z, DX, DY, RAISES) \
    static Row row_##name; \
    static PyObject *node_##name(PyObject *v, PyObject *w) \
    { \
        double x = 0.0, y = 0.0; \
        int how = fate(), left = read_number(v, &x), right = read_number(w, &y); \
        if (how == UNUSUAL || left < 0 || right < 0 || (RAISES)) \
            return in_python(&row_##name, v, w); \
        double z = Z; \
        return small_node(how, row_##name.op, z, 2, left ? v : NULL, left ? DX : x, right ? w : NULL, right ? DY : y); \
    }
BINARY(BINARY_METHOD)

/* What rows name, as formulas.py has it. */
static inline double square(double x) { return x * x; }
static inline double relu(double x) { return x > 0.0 || x != x ? x : 0.0; }
static inline double step(double x) { return x != x ? x : x > 0.0 ? 1.0 : 0.0; }
static inline double nonneg(double x) { return x >= 0.0 ? x + 0.0 : NAN; }
static inline double sech(double x)
{
    double decay = exp(-fabs(x));
    return 2.0 * decay / (1.0 + decay * decay);
}

/* The same for functions of one number: name, value, derivative, where Python's own function raises. */
#define UNARY(_) \
    _(neg, -x, -1.0, 0) \
    _(exp, exp(x), z, 0) \
    _(log, log(x), 1 / nonneg(x), !(x > 0)) \
    _(relu, relu(x), step(x), 0) \
    _(tanh, tanh(x), square(sech(x)), 0)

#define UNARY_METHOD(name, Z, DX, RAISES) \
    static Row row_##name; \
    static PyObject *node_##name(PyObject *v, PyObject *unused) \
    { \
        double x = NODE(v)->data; \
        int how = fate(); \
        if (how == UNUSUAL || Py_TYPE(v) != Value || (RAISES)) \
            return PyObject_CallFunctionObjArgs(row_##name.general, v, NULL); \
        double z = Z; \
        return small_node(how, row_##name.op, z, 1, v, DX, NULL, 0.0); \
    }
UNARY(UNARY_METHOD)

static PyObject *node_negative(PyObject *v) { return node_neg(v, NULL); }

/* x**y for a constant y where nothing is special, with the derivative y·x**(y - 1); the row has all cases. */
static Row row_pow;

static PyObject *node_pow(PyObject *v, PyObject *w, PyObject *modulus)
{
    double y;
    int how = fate();
    if (modulus != Py_None)
        return PyObject_CallFunctionObjArgs(row_pow.general, v, w, modulus, NULL);
    if (how != UNUSUAL && Py_TYPE(v) == Value && is_constant(w, &y) && fabs(y) < 1e15 && (y - 1.0) + 1.0 == y) {
        double x = NODE(v)->data;
        if (x > 0.0 || y == floor(y)) {
            double z = pow(x, y), slope = pow(x, y - 1.0);
            if (isnormal(x) && isnormal(z) && isnormal(slope) && isnormal(y))
                return small_node(how, row_pow.op, z, 2, v, y * slope, NULL, y);
        }
    }
    return in_python(&row_pow, v, w);
}
