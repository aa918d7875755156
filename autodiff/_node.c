/* The node of value.py in C: numbers unboxed, up to two operands in line, no work for Python's garbage collector.

   value.py is the reference.  What is here is what it says, faster: native.py makes the type and puts the other members
   of the Python class onto it, and whatever is unusual (an operand of another type, a block of no_grad() somewhere, a
   call that is an error) is handed to the Python code, so that there is one place for each rule and each message.

   Nodes are collectable, but tracked only where an operand is, or for a label that is no text: a graph has no cycles,
   and the collector, which would else go through all of it again and again, never sees it.

   Written in the limited API of Python 3.10: one binary for every later version. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030A0000
#include <Python.h>
#include <structmember.h>
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef Py_GIL_DISABLED
#error "marks and the list of dying nodes rely on the GIL: a free-threaded Python takes the Python node"
#endif
#if FLT_EVAL_METHOD != 0
#error "doubles must be computed as doubles: elsewhere the bits would differ from Python's"
#endif
#ifdef _MSC_VER
#pragma fp_contract(off)
#endif

/* ---------------------------------------------------------------------------------------------------- the node */

typedef struct { /* a Value and the local derivative to it, or NULL and a constant */
    PyObject *operand;
    double number;
} Edge;

typedef struct Node {
    PyObject_HEAD
    double data;
    union {
        double grad;
        struct Node *next_dying;
    };
    PyObject *op;    /* NULL: None */
    PyObject *label; /* NULL: "" */
    uint64_t serial : 61;
    uint64_t flows : 1; /* whether the operands that are Values are parents, to which a gradient flows */
    uint64_t count : 2; /* of edges in line; MANY: they are elsewhere */
    uint64_t mark;      /* the last walk that met this node */
    union {
        Edge few[2];
        struct {
            Edge *edges;
            Py_ssize_t length;
        } many;
    };
} Node;

enum { MANY = 3 };

static PyTypeObject *Value;
static uint64_t serials, marks;
static Py_ssize_t living;

/* What is handed over from Python, by name: see native.py. */
#define GIVEN(_) \
    _(paused_somewhere) _(reference) _(record) _(apply_op) _(data) _(grad) _(exact_sum) \
    _(softmax_all) _(sum_row) _(sum_rules) _(softmax_row) _(softmax_rules) _(dot_row)
#define DECLARE(name) static PyObject *given_##name;
GIVEN(DECLARE)

#define IS_NODE(x) (Py_TYPE(x) == Value || PyObject_TypeCheck(x, Value))
#define NODE(x) ((Node *)(x))

static inline Py_ssize_t length_of(const Node *v) { return v->count == MANY ? v->many.length : (Py_ssize_t)v->count; }
static inline Edge *edges_of(Node *v) { return v->count == MANY ? v->many.edges : v->few; }
static inline double number_of(const Edge *e) { return e->operand ? NODE(e->operand)->data : e->number; }

/* A float; for a nan always the same one: it equals itself only where it is the same object, as in a tuple read twice. */
static PyObject *float_of(double x)
{
    static PyObject *nans[2];
    static double numbers[2];
    if (x == x)
        return PyFloat_FromDouble(x);
    int i = signbit(x) != 0;
    if (!nans[i]) {
        nans[i] = PyFloat_FromDouble(x);
        numbers[i] = x;
    }
    if (memcmp(&numbers[i], &x, sizeof x))
        return PyFloat_FromDouble(x);
    Py_XINCREF(nans[i]);
    return nans[i];
}

/* ------------------------------------------------------------------------------------------ making and freeing */

static PyObject *node_alloc(PyTypeObject *type, Py_ssize_t unused)
{
    Node *v = PyObject_GC_New(Node, type);
    if (!v)
        return NULL;
    v->data = v->grad = 0.0;
    v->op = v->label = NULL;
    v->serial = v->flows = v->count = 0;
    v->mark = 0;
    living++;
    return (PyObject *)v;
}

/* A node with room for its edges, which are constants until they are filled in. */
static Node *blank(double z, PyObject *op, Py_ssize_t length)
{
    Edge *edges = NULL;
    if (length > 2 && !(edges = PyMem_Calloc(length, sizeof(Edge))))
        return (Node *)PyErr_NoMemory();
    Node *v = PyObject_GC_New(Node, Value);
    if (!v) {
        PyMem_Free(edges);
        return NULL;
    }
    living++;
    v->data = z;
    v->grad = 0.0;
    Py_INCREF(op);
    v->op = op;
    v->label = NULL;
    v->serial = serials++;
    v->flows = 1;
    v->mark = 0;
    if (edges) {
        v->count = MANY;
        v->many.edges = edges;
        v->many.length = length;
    }
    else {
        v->count = length;
        v->few[0].operand = v->few[1].operand = NULL;
    }
    return v;
}

/* An edge as it is kept: the node holds its operand. */
static inline void put(Edge *e, PyObject *operand, double number)
{
    Py_XINCREF(operand);
    e->operand = operand;
    e->number = number;
}

/* Whether the collector must know of the node: where it refers to what the collector knows of. */
static inline void track_if_needed(Node *v)
{
    Edge *e = edges_of(v), *end = e + length_of(v);
    int needed = v->label && !PyUnicode_CheckExact(v->label);
    for (; !needed && e < end; e++)
        needed = e->operand && PyObject_GC_IsTracked(e->operand);
    if (needed && !PyObject_GC_IsTracked((PyObject *)v))
        PyObject_GC_Track(v);
}

/* Let go of the edges.  A node that would be freed by this waits in a list: no recursion, however long the chain. */
static void drop_edges(Node *v, Node **dying)
{
    Py_ssize_t length = length_of(v);
    Edge few[2], *edges = few;
    if (v->count == MANY)
        edges = v->many.edges;
    else
        memcpy(few, v->few, sizeof few);
    v->count = v->flows = 0; /* first: what is freed may run Python code, which may look here */
    for (Py_ssize_t i = 0; i < length; i++) {
        PyObject *x = edges[i].operand;
        if (!x)
            continue;
        if (Py_TYPE(x) == Value && Py_REFCNT(x) == 1) {
            NODE(x)->next_dying = *dying;
            *dying = NODE(x);
        }
        else
            Py_DECREF(x);
    }
    if (edges != few)
        PyMem_Free(edges);
}

static void free_list(Node *dying)
{
    while (dying) {
        Node *v = dying;
        dying = v->next_dying;
        Py_DECREF(v);
    }
}

static void node_dealloc(PyObject *self)
{
    Node *v = NODE(self), *dying = NULL;
    for (;;) {
        PyTypeObject *type = Py_TYPE(v);
        PyObject_GC_UnTrack(v);
        drop_edges(v, &dying);
        Py_XDECREF(v->op);
        Py_XDECREF(v->label);
        if (type == Value) {
            living--;
            PyObject_GC_Del(v);
        }
        else
            ((freefunc)PyType_GetSlot(type, Py_tp_free))(v);
        Py_DECREF(type);
        if (!dying)
            return;
        v = dying;
        dying = v->next_dying;
    }
}

static int node_traverse(PyObject *self, visitproc visit, void *arg)
{
    Node *v = NODE(self);
    Edge *e = edges_of(v), *end = e + length_of(v);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(v->op);
    Py_VISIT(v->label);
    for (; e < end; e++)
        Py_VISIT(e->operand);
    return 0;
}

static int node_clear(PyObject *self)
{
    Node *dying = NULL;
    drop_edges(NODE(self), &dying);
    free_list(dying);
    Py_CLEAR(NODE(self)->op);
    Py_CLEAR(NODE(self)->label);
    return 0;
}

/* Whether x is a constant as most are: a float, or an int that fits one. */
static inline int is_constant(PyObject *x, double *number)
{
    if (!PyFloat_CheckExact(x) && !PyLong_CheckExact(x))
        return 0;
    *number = PyFloat_AsDouble(x);
    if (*number != -1.0 || !PyErr_Occurred())
        return 1;
    PyErr_Clear();
    return 0;
}

static int node_init(PyObject *self, PyObject *args, PyObject *names)
{
    Node *v = NODE(self), *dying = NULL;
    Py_ssize_t count = names ? 0 : PyTuple_Size(args);
    PyObject *data = count == 1 || count == 2 ? PyTuple_GetItem(args, 0) : NULL;
    PyObject *label = count == 2 ? PyTuple_GetItem(args, 1) : NULL, *made = NULL;
    double x;
    if (!data || !is_constant(data, &x) || (label && !PyUnicode_CheckExact(label))) { /* the Python class says what is taken, and what is wrong */
        if (!(made = PyObject_Call(given_reference, args, names)))
            return -1;
        data = PyObject_GetAttrString(made, "data");
        label = PyObject_GetAttrString(made, "label");
        Py_DECREF(made);
        if (!data || !label) {
            Py_XDECREF(data);
            Py_XDECREF(label);
            return -1;
        }
        x = PyFloat_AsDouble(data);
        Py_DECREF(data);
    }
    if (!made)
        Py_XINCREF(label);
    PyObject *old_label = v->label, *old_op = v->op;
    v->data = x;
    v->grad = 0.0;
    v->op = NULL;
    v->label = label;
    v->serial = serials++;
    drop_edges(v, &dying);
    free_list(dying);
    Py_XDECREF(old_label);
    Py_XDECREF(old_op);
    return 0;
}

/* --------------------------------------------------------------------------------------------------- recording */

#define RECORDING (PySet_Size(given_paused_somewhere) == 0) /* else ask, in Python, whether it is paused here */

typedef struct { PyObject *op, *general, *reflected; } Row; /* the methods of Operators, which take every case */

static inline PyObject *binary_node(PyObject *op, double z, PyObject *a, double da, PyObject *b, double db)
{
    Node *v = blank(z, op, 2);
    if (!v)
        return NULL;
    put(&v->few[0], a, da);
    put(&v->few[1], b, db);
    if ((a && PyObject_GC_IsTracked(a)) || (b && PyObject_GC_IsTracked(b)))
        PyObject_GC_Track(v);
    return (PyObject *)v;
}

static inline PyObject *unary_node(PyObject *op, double z, PyObject *a, double da)
{
    Node *v = blank(z, op, 1);
    if (!v)
        return NULL;
    put(&v->few[0], a, da);
    if (PyObject_GC_IsTracked(a))
        PyObject_GC_Track(v);
    return (PyObject *)v;
}

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
        double x = 0.0, y = 0.0, z; \
        int left = Py_TYPE(v) == Value, right = Py_TYPE(w) == Value; \
        if (RECORDING && (left || is_constant(v, &x)) && (right || is_constant(w, &y))) { \
            if (left) \
                x = NODE(v)->data; \
            if (right) \
                y = NODE(w)->data; \
            if (!(RAISES)) { \
                z = Z; \
                return binary_node(row_##name.op, z, left ? v : NULL, left ? DX : x, right ? w : NULL, right ? DY : y); \
            } \
        } \
        return in_python(&row_##name, v, w); \
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
        if (Py_TYPE(v) != Value || (RAISES) || !RECORDING) \
            return PyObject_CallFunctionObjArgs(row_##name.general, v, NULL); \
        double z = Z; \
        return unary_node(row_##name.op, z, v, DX); \
    }
UNARY(UNARY_METHOD)

static PyObject *node_negative(PyObject *v) { return node_neg(v, NULL); }

/* x**y for a constant y where nothing is special, with the derivative y·x**(y - 1); the row has all cases. */
static Row row_pow;

static PyObject *node_pow(PyObject *v, PyObject *w, PyObject *modulus)
{
    double y;
    if (modulus != Py_None)
        return PyObject_CallFunctionObjArgs(row_pow.general, v, w, modulus, NULL);
    if (Py_TYPE(v) == Value && RECORDING && is_constant(w, &y) && fabs(y) < 1e15 && (y - 1.0) + 1.0 == y) {
        double x = NODE(v)->data;
        if (x > 0.0 || y == floor(y)) {
            double z = pow(x, y), slope = pow(x, y - 1.0);
            if (isnormal(x) && isnormal(z) && isnormal(slope) && isnormal(y))
                return binary_node(row_pow.op, z, v, y * slope, NULL, y);
        }
    }
    return in_python(&row_pow, v, w);
}

/* Put edges in place of those of v: operands are Values and floats, parents all those Values or none. */
static int fill(Node *v, PyObject *operands, PyObject *parents, PyObject *local)
{
    if (!PyTuple_Check(operands) || !PyTuple_Check(parents) || !PyTuple_Check(local)) {
        PyErr_SetString(PyExc_TypeError, "operands, parents and local derivatives are tuples");
        return -1;
    }
    Py_ssize_t length = PyTuple_Size(operands), flowing = PyTuple_Size(parents), met = 0;
    Edge few[2] = {{NULL, 0.0}, {NULL, 0.0}}, *edges = few;
    if (length > 2 && !(edges = PyMem_Calloc(length, sizeof(Edge)))) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < length; i++) {
        PyObject *x = PyTuple_GetItem(operands, i), *number = x;
        int variable = IS_NODE(x);
        if (variable && flowing) {
            if (met >= flowing || x != PyTuple_GetItem(parents, met) || met >= PyTuple_Size(local))
                goto mismatch;
            number = PyTuple_GetItem(local, met++);
        }
        edges[i].operand = variable ? x : NULL;
        edges[i].number = variable && !flowing ? 0.0 : PyFloat_AsDouble(number);
        if (edges[i].number == -1.0 && PyErr_Occurred())
            goto failed;
    }
    if (met != flowing || met != PyTuple_Size(local))
        goto mismatch;
    for (Py_ssize_t i = 0; i < length; i++)
        Py_XINCREF(edges[i].operand);
    Node *dying = NULL;
    drop_edges(v, &dying);
    if (length > 2) {
        v->many.edges = edges;
        v->many.length = length;
        v->count = MANY;
    }
    else {
        memcpy(v->few, few, sizeof few);
        v->count = length;
    }
    v->flows = flowing > 0;
    track_if_needed(v);
    free_list(dying);
    return 0;
mismatch:
    PyErr_SetString(PyExc_TypeError, "parents are the operands that are Values, with a local derivative for each");
failed:
    if (edges != few)
        PyMem_Free(edges);
    return -1;
}

static PyObject *node_set_edges(PyObject *self, PyObject *args)
{
    PyObject *operands, *parents, *local;
    if (!PyArg_ParseTuple(args, "OOO:set_edges", &operands, &parents, &local)
        || fill(NODE(self), operands, parents, local) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static int takes(const char *name, Py_ssize_t n, Py_ssize_t wanted)
{
    if (n == wanted)
        return 1;
    PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, not %zd", name, wanted, n);
    return 0;
}

static PyObject *record(PyObject *module, PyObject *const *args, Py_ssize_t n)
{ /* data, op, operands, parents, local */
    if (!takes("record", n, 5))
        return NULL;
    if (!RECORDING)
        return PyObject_CallFunctionObjArgs(given_record, args[0], args[1], args[2], args[3], args[4], NULL);
    double z = PyFloat_AsDouble(args[0]);
    if (z == -1.0 && PyErr_Occurred())
        return NULL;
    Node *v = blank(z, args[1], 0);
    if (v && fill(v, args[2], args[3], args[4]) < 0)
        Py_CLEAR(v);
    return (PyObject *)v;
}

/* What is given for an operand that is a constant is the number, with None for the derivative. */
static int put_inline(Edge *e, PyObject *x, PyObject *slope)
{
    double number = PyFloat_AsDouble(slope == Py_None ? x : slope);
    if (number == -1.0 && PyErr_Occurred())
        return -1;
    put(e, slope == Py_None ? NULL : x, number);
    return 0;
}

static PyObject *record_inline(PyObject *module, PyObject *const *args, Py_ssize_t n)
{ /* data, op, left, right, to_left, to_right */
    if (!takes("record_inline", n, 6))
        return NULL;
    double z = PyFloat_AsDouble(args[0]);
    if (z == -1.0 && PyErr_Occurred())
        return NULL;
    Node *v = blank(z, args[1], args[3] == Py_None ? 1 : 2);
    if (!v)
        return NULL;
    if (put_inline(&v->few[0], args[2], args[4]) < 0
        || (v->count == 2 && put_inline(&v->few[1], args[3], args[5]) < 0)) {
        Py_DECREF(v);
        return NULL;
    }
    track_if_needed(v);
    return (PyObject *)v;
}

/* ---------------------------------------------------------------------------------------- any number of operands */

/* A sum without rounding: running sum, and the sum of what rounding took, which is nearly always enough to tell. */
typedef struct { double sum, lost, bound; Py_ssize_t count; } Sum;

static inline void add_exactly(Sum *s, double x)
{
    double sum = s->sum + x, part = sum - s->sum; /* Knuth's two-sum */
    double lost = (s->sum - (sum - part)) + (x - part);
    s->sum = sum;
    s->lost += lost;
    s->bound += fabs(lost);
    s->count++;
}

/* The exact sum rounded once, if that is certain: if the lost parts, at either end of what they can come to, round to
   the same double.  Each of their count additions errs by at most ulp/2 of `bound`, which itself errs by less than half. */
static inline int is_certain(const Sum *s, double *result)
{
    double error = (double)s->count * DBL_EPSILON * s->bound;
    double low = s->sum + (s->lost - error), high = s->sum + (s->lost + error);
    *result = low + 0.0; /* a sum of zeros is 0, never -0 */
    return low == high && isfinite(low);
}

static PyObject *list_of(const double *numbers, Py_ssize_t n)
{
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list && i < n; i++) {
        PyObject *x = float_of(numbers[i]);
        if (!x || PyList_SetItem(list, i, x) < 0)
            Py_CLEAR(list);
    }
    return list;
}

static int as_double(PyObject *x, double *result)
{ /* takes the reference */
    if (!x)
        return -1;
    *result = PyFloat_AsDouble(x);
    Py_DECREF(x);
    return *result == -1.0 && PyErr_Occurred() ? -1 : 0;
}

/* The sum as Python has it: for infinities, for what overflows on the way, and for the rare uncertain digit. */
static int sum_in_python(const double *numbers, Py_ssize_t n, double *result)
{
    PyObject *list = list_of(numbers, n);
    if (!list)
        return -1;
    PyObject *sum = PyObject_CallFunctionObjArgs(given_exact_sum, list, NULL);
    Py_DECREF(list);
    return as_double(sum, result);
}

static int sum_of(const double *numbers, Py_ssize_t n, double *result)
{
    Sum s = {0.0, 0.0, 0.0, 0};
    for (Py_ssize_t i = 0; i < n; i++)
        add_exactly(&s, numbers[i]);
    return is_certain(&s, result) ? 0 : sum_in_python(numbers, n, result);
}

static inline PyObject *item_of(PyObject *list_or_tuple, Py_ssize_t i)
{
    return PyList_Check(list_or_tuple) ? PyList_GetItem(list_or_tuple, i) : PyTuple_GetItem(list_or_tuple, i);
}

static inline Py_ssize_t size_of(PyObject *x)
{ /* -1 if it is neither a list nor a tuple */
    return PyList_Check(x) ? PyList_Size(x) : PyTuple_Check(x) ? PyTuple_Size(x) : -1;
}

/* A Value or a float as an operand; 0 for anything else, which is left to Python.  `number` is what it holds. */
static inline int read_operand(PyObject *x, PyObject **operand, double *number)
{
    if (Py_TYPE(x) == Value) {
        *operand = x;
        *number = NODE(x)->data;
        return 1;
    }
    *operand = NULL;
    if (!PyFloat_CheckExact(x))
        return 0;
    *number = PyFloat_AsDouble(x);
    return 1;
}

static int products_in_python(Node *v, Py_ssize_t n, double *result)
{
    Edge *e = edges_of(v);
    Py_ssize_t length = length_of(v), biased = length - 2 * n;
    double *products = PyMem_Malloc((n + 1) * sizeof(double));
    if (!products) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        products[i] = number_of(&e[i]) * number_of(&e[n + i]);
    if (biased)
        products[n] = number_of(&e[2 * n]);
    int failed = sum_in_python(products, n + biased, result);
    PyMem_Free(products);
    return failed;
}

/* dot(ws, xs, bias) of Values and floats in lists or tuples, in the words of the row: to a weight its input, to an input
   its weight, to the bias 1.  None if that is not what was given, or if no Value is among them. */
static PyObject *dot(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (!takes("dot", count, 3))
        return NULL;
    PyObject *ws = args[0], *xs = args[1], *bias = args[2];
    Py_ssize_t n = size_of(ws), biased = bias != Py_None;
    if (!RECORDING || n < 0 || n != size_of(xs))
        Py_RETURN_NONE;
    Node *v = blank(0.0, given_dot_row, 2 * n + biased);
    if (!v)
        return NULL;
    Edge *e = edges_of(v);
    Sum s = {0.0, 0.0, 0.0, 0};
    int values = 0, tracked = 0;
    PyObject *left, *right;
    double w, x;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!read_operand(item_of(ws, i), &left, &w) || !read_operand(item_of(xs, i), &right, &x))
            goto general;
        put(&e[i], left, left ? x : w);
        put(&e[n + i], right, right ? w : x);
        values |= left || right;
        tracked |= (left && PyObject_GC_IsTracked(left)) || (right && PyObject_GC_IsTracked(right));
        add_exactly(&s, w * x);
    }
    if (biased) {
        if (!read_operand(bias, &left, &w))
            goto general;
        put(&e[2 * n], left, left ? 1.0 : w);
        values |= left != NULL;
        tracked |= left && PyObject_GC_IsTracked(left);
        add_exactly(&s, w);
    }
    if (!values)
        goto general;
    if (!is_certain(&s, &v->data) && products_in_python(v, n, &v->data) < 0) {
        Py_DECREF(v);
        return NULL;
    }
    if (tracked)
        PyObject_GC_Track(v);
    return (PyObject *)v;
general:
    Py_DECREF(v);
    Py_RETURN_NONE;
}

/* The numbers of operands; NULL without an error if one is neither a Value nor a float, or if none is a Value. */
static double *numbers_of(PyObject *operands, Py_ssize_t n)
{
    double *numbers = PyMem_Malloc((n + 1) * sizeof(double));
    if (!numbers)
        return (double *)PyErr_NoMemory();
    int values = 0;
    PyObject *operand;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (!read_operand(item_of(operands, i), &operand, &numbers[i])) {
            values = 0;
            break;
        }
        values |= operand != NULL;
    }
    if (!values) {
        PyMem_Free(numbers);
        return NULL;
    }
    return numbers;
}

/* Whether an attribute is this object; -1 and an error if it cannot be read. */
static int is_attribute(PyObject *x, const char *name, PyObject *wanted)
{
    PyObject *found = PyObject_GetAttrString(x, name);
    Py_XDECREF(found);
    return found ? found == wanted : -1;
}

/* The value and local derivatives of a row, by calling it. */
static int call_row(PyObject *op, PyObject *operands, const double *numbers, Py_ssize_t n, double *z, PyObject **local)
{
    PyObject *list = list_of(numbers, n), *positions = PyList_New(0), *value = NULL;
    *local = NULL;
    for (Py_ssize_t i = 0; positions && i < n; i++) {
        if (Py_TYPE(item_of(operands, i)) != Value)
            continue;
        PyObject *position = PyLong_FromSsize_t(i);
        if (!position || PyList_Append(positions, position) < 0)
            Py_CLEAR(positions);
        Py_XDECREF(position);
    }
    if (list && positions && (value = PyObject_CallMethod(op, "evaluate", "O", list)))
        *local = PyObject_CallMethod(op, "float_derivatives", "OOO", list, value, positions);
    Py_XDECREF(list);
    Py_XDECREF(positions);
    int failed = as_double(value, z);
    if (!failed && *local && PyTuple_Check(*local))
        return 0;
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError, "local derivatives are a tuple");
    Py_CLEAR(*local);
    return -1;
}

static PyObject *apply_row(PyObject *op, PyObject *operands, const double *numbers, Py_ssize_t n)
{
    PyObject *local = NULL, *operand;
    double z, slope, number = 0.0;
    int as_written = op == given_sum_row ? is_attribute(op, "on_floats", given_sum_rules) : 0; /* others may be assigned */
    if (as_written < 0
        || (as_written ? sum_of(numbers, n, &z) : call_row(op, operands, numbers, n, &z, &local)) < 0)
        return NULL;
    Node *v = blank(z, op, n);
    Edge *e = v ? edges_of(v) : NULL;
    for (Py_ssize_t i = 0, met = 0; v && i < n; i++) {
        read_operand(item_of(operands, i), &operand, &number);
        slope = 1.0;
        if (operand && local) {
            PyObject *x = PyTuple_GetItem(local, met++); /* NULL, and an error, if there are too few */
            slope = x ? PyFloat_AsDouble(x) : -1.0;
            if (slope == -1.0 && PyErr_Occurred()) {
                Py_CLEAR(v);
                break;
            }
        }
        put(&e[i], operand, operand ? slope : number);
    }
    Py_XDECREF(local);
    if (v)
        track_if_needed(v);
    return (PyObject *)v;
}

static PyObject *apply_op(PyObject *self, PyObject *const *args, Py_ssize_t count)
{ /* op, operands */
    if (!takes("apply_op", count, 2))
        return NULL;
    PyObject *op = args[0], *operands = args[1];
    int passes_on = is_attribute(op, "flows", Py_True);
    if (passes_on < 0)
        return NULL;
    if (passes_on && RECORDING && PyTuple_CheckExact(operands)) {
        Py_ssize_t n = PyTuple_Size(operands);
        double *numbers = numbers_of(operands, n);
        if (numbers) {
            PyObject *v = apply_row(op, operands, numbers, n);
            PyMem_Free(numbers);
            return v;
        }
        if (PyErr_Occurred())
            return NULL;
    }
    return PyObject_CallFunctionObjArgs(given_apply_op, op, operands, NULL);
}

/* Component i of a softmax: ∂p_i/∂x_j = -p_i·p_j, and p_i times the sum of the others, as the row has it. */
static PyObject *share(PyObject *operands, const double *numbers, const double *shares, double *others, Py_ssize_t n,
                       Py_ssize_t i)
{
    double z = shares[i], rest;
    memcpy(others, shares, i * sizeof(double));
    memcpy(others + i, shares + i + 1, (n - i - 1) * sizeof(double));
    if (sum_of(others, n - 1, &rest) < 0)
        return NULL;
    Node *v = blank(z, given_softmax_row, n + 1);
    if (!v)
        return NULL;
    Edge *e = edges_of(v);
    put(&e[0], NULL, (double)i);
    for (Py_ssize_t j = 0; j < n; j++) {
        PyObject *x = item_of(operands, j);
        if (Py_TYPE(x) == Value)
            put(&e[j + 1], x, j == i ? z * rest : -z * shares[j]);
        else
            put(&e[j + 1], NULL, numbers[j]);
    }
    track_if_needed(v);
    return (PyObject *)v;
}

/* softmax of a tuple of Values and floats; None if that is not what it holds. */
static PyObject *softmax(PyObject *module, PyObject *operands)
{
    Py_ssize_t n = PyTuple_Size(operands);
    if (n < 0)
        return NULL;
    int as_written = is_attribute(given_softmax_row, "on_floats", given_softmax_rules);
    if (as_written < 0)
        return NULL;
    if (!RECORDING || !as_written)
        Py_RETURN_NONE;
    double *numbers = numbers_of(operands, n), *shares = NULL;
    if (!numbers) {
        if (PyErr_Occurred())
            return NULL;
        Py_RETURN_NONE;
    }
    PyObject *list = list_of(numbers, n), *nodes = NULL;
    PyObject *found = list ? PyObject_CallFunctionObjArgs(given_softmax_all, list, NULL) : NULL;
    if (!found)
        goto done;
    if (!PyList_Check(found) || PyList_Size(found) != n) {
        PyErr_SetString(PyExc_TypeError, "softmax has a share for each operand");
        goto done;
    }
    if (!(shares = PyMem_Malloc(2 * n * sizeof(double)))) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < n; i++)
        shares[i] = PyFloat_AsDouble(PyList_GetItem(found, i));
    nodes = PyErr_Occurred() ? NULL : PyList_New(n);
    for (Py_ssize_t i = 0; nodes && i < n; i++) {
        PyObject *v = share(operands, numbers, shares, shares + n, n, i);
        if (!v || PyList_SetItem(nodes, i, v) < 0)
            Py_CLEAR(nodes);
    }
done:
    PyMem_Free(numbers);
    PyMem_Free(shares);
    Py_XDECREF(list);
    Py_XDECREF(found);
    return nodes;
}

/* ----------------------------------------------------------------------------------------------------- walking */

typedef struct { Node **at; size_t n, room; } Nodes;

static int push(Nodes *list, Node *v)
{
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        Node **at = PyMem_Realloc(list->at, room * sizeof(Node *));
        if (!at) {
            PyErr_NoMemory();
            return -1;
        }
        list->at = at;
        list->room = room;
    }
    list->at[list->n++] = v;
    return 0;
}

static int by_serial(const void *a, const void *b)
{
    uint64_t left = (*(Node *const *)a)->serial, right = (*(Node *const *)b)->serial;
    return (left > right) - (left < right);
}

/* Add every node below those found already, which have the mark: their parents, or if `recorded` all their operands. */
static int find_all(Nodes *found, uint64_t mark, int recorded)
{
    for (size_t i = 0; i < found->n; i++) {
        Node *v = found->at[i];
        if (!v->flows && !recorded)
            continue;
        for (Edge *e = edges_of(v), *end = e + length_of(v); e < end; e++) {
            Node *parent = NODE(e->operand);
            if (parent && parent->mark != mark) {
                parent->mark = mark;
                if (push(found, parent) < 0)
                    return -1;
            }
        }
    }
    return 0;
}

/* In order of creation: where serials nearly follow each other, by a place for each. */
static int sort(Nodes *found)
{
    if (found->n < 2)
        return 0;
    uint64_t low = found->at[0]->serial, high = low;
    for (size_t i = 0; i < found->n; i++) {
        uint64_t serial = found->at[i]->serial;
        low = serial < low ? serial : low;
        high = serial > high ? serial : high;
    }
    uint64_t span = high - low + 1;
    Node **place = span <= 8 * (uint64_t)found->n ? PyMem_Calloc(span, sizeof(Node *)) : NULL;
    if (!place) {
        qsort(found->at, found->n, sizeof(Node *), by_serial);
        return 0;
    }
    for (size_t i = 0; i < found->n; i++)
        place[found->at[i]->serial - low] = found->at[i];
    size_t n = 0;
    for (uint64_t i = 0; i < span; i++)
        if (place[i])
            found->at[n++] = place[i];
    PyMem_Free(place);
    return 0;
}

static PyObject *order_of(PyObject *module, PyObject *args)
{ /* outputs, whether all operands count, or parents only */
    PyObject *outputs;
    int recorded;
    if (!PyArg_ParseTuple(args, "O!p", &PyTuple_Type, &outputs, &recorded))
        return NULL;
    Nodes found = {NULL, 0, 0};
    uint64_t mark = ++marks;
    PyObject *list = NULL;
    for (Py_ssize_t i = 0, n = PyTuple_Size(outputs); i < n; i++) {
        PyObject *x = PyTuple_GetItem(outputs, i);
        if (!IS_NODE(x)) {
            PyErr_Format(PyExc_TypeError, "Values are wanted, not %R", x);
            goto done;
        }
        if (NODE(x)->mark != mark) {
            NODE(x)->mark = mark;
            if (push(&found, NODE(x)) < 0)
                goto done;
        }
    }
    if (find_all(&found, mark, recorded) < 0 || sort(&found) < 0)
        goto done;
    list = PyList_New(found.n);
    for (size_t i = 0; list && i < found.n; i++) {
        Py_INCREF(found.at[i]);
        PyList_SetItem(list, i, (PyObject *)found.at[i]);
    }
done:
    PyMem_Free(found.at);
    return list;
}

/* A graph as columns: of nodes in a list the serial, the number of the row (`numbers` has it, by row), and how many
   operands it has; of all operands the serial, or -1 for a constant; the constants.  All are int64 but the last, float64. */
static PyObject *columns_of(PyObject *module, PyObject *args)
{
    PyObject *nodes, *numbers, *columns[5] = {NULL}, *row = NULL, *found = NULL;
    if (!PyArg_ParseTuple(args, "O!O", &PyList_Type, &nodes, &numbers))
        return NULL;
    Py_ssize_t count = PyList_Size(nodes), operands = 0, constants = 0, at = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Node *v = NODE(PyList_GetItem(nodes, i));
        if (!IS_NODE((PyObject *)v))
            return PyErr_Format(PyExc_TypeError, "Values are wanted, not %R", v);
        Edge *e = edges_of(v), *end = e + length_of(v);
        operands += end - e;
        for (; e < end; e++)
            constants += !e->operand;
    }
    Py_ssize_t sizes[5] = {count, count, count, operands, constants};
    int64_t *column[5];
    for (int k = 0; k < 5; k++) {
        if (!(columns[k] = PyBytes_FromStringAndSize(NULL, sizes[k] * sizeof(int64_t))))
            goto done;
        column[k] = (int64_t *)PyBytes_AsString(columns[k]);
    }
    double *constant = (double *)column[4];
    int64_t number = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Node *v = NODE(PyList_GetItem(nodes, i));
        PyObject *op = v->op ? v->op : Py_None;
        if (op != row) {
            PyObject *x = PyObject_GetItem(numbers, op);
            number = x ? PyLong_AsLongLong(x) : -1;
            Py_XDECREF(x);
            if (number == -1 && PyErr_Occurred())
                goto done;
            row = op;
        }
        column[0][i] = v->serial;
        column[1][i] = number;
        column[2][i] = length_of(v);
        for (Edge *e = edges_of(v), *end = e + length_of(v); e < end; e++) {
            column[3][at++] = e->operand ? (int64_t)NODE(e->operand)->serial : -1;
            if (!e->operand)
                *constant++ = e->number;
        }
    }
    found = PyTuple_Pack(5, columns[0], columns[1], columns[2], columns[3], columns[4]);
done:
    for (int k = 0; k < 5; k++)
        Py_XDECREF(columns[k]);
    return found;
}

static PyObject *node_zero_grad(PyObject *self, PyObject *unused)
{
    Nodes found = {NULL, 0, 0};
    NODE(self)->mark = ++marks;
    int failed = push(&found, NODE(self)) < 0 || find_all(&found, marks, 0) < 0;
    for (size_t i = 0; !failed && i < found.n; i++)
        found.at[i]->grad = 0.0;
    PyMem_Free(found.at);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

/* The nodes that have part of their adjoint and wait for their turn, latest first.  Most graphs were recorded without
   a break, so there is a place for each serial: place i is for serial top - i.  A node that lies far below those
   seen so far waits in a heap instead. */
typedef struct {
    Node **place;
    size_t room, at, near, seen;
    uint64_t top;
    Nodes far;
} Queue;

#define SPARSE(queue, i) ((i) > 8 * (queue)->seen + 1024)

static int push_far(Nodes *heap, Node *v)
{
    if (push(heap, v) < 0)
        return -1;
    size_t i = heap->n - 1;
    for (; i && heap->at[(i - 1) / 2]->serial < v->serial; i = (i - 1) / 2)
        heap->at[i] = heap->at[(i - 1) / 2];
    heap->at[i] = v;
    return 0;
}

static Node *pop_far(Nodes *heap)
{
    Node *first = heap->at[0], *last = heap->at[--heap->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < heap->n; i = child) {
        if (child + 1 < heap->n && heap->at[child + 1]->serial > heap->at[child]->serial)
            child++;
        if (heap->at[child]->serial <= last->serial)
            break;
        heap->at[i] = heap->at[child];
    }
    heap->at[i] = last;
    return first;
}

static int wait_in(Queue *queue, Node *v)
{
    uint64_t i = queue->top - v->serial;
    if (i >= queue->room) {
        if (SPARSE(queue, i))
            return push_far(&queue->far, v);
        size_t room = 2 * i + 1024;
        Node **place = PyMem_Realloc(queue->place, room * sizeof(Node *));
        if (!place) {
            PyErr_NoMemory();
            return -1;
        }
        memset(place + queue->room, 0, (room - queue->room) * sizeof(Node *));
        queue->place = place;
        queue->room = room;
    }
    queue->place[i] = v;
    queue->near++;
    queue->seen++;
    return 0;
}

static inline Node *next_in(Queue *queue)
{
    if (!queue->near) {
        if (!queue->far.n)
            return NULL;
        Node *v = pop_far(&queue->far);
        queue->top = v->serial; /* go on from there: all places are free */
        queue->at = 1;
        queue->seen = 1;
        return v;
    }
    for (;; queue->at++) {
        if (queue->far.n && queue->far.at[0]->serial == queue->top - queue->at) {
            queue->at++;
            return pop_far(&queue->far);
        }
        Node *v = queue->place[queue->at];
        if (v) {
            queue->place[queue->at++] = NULL;
            queue->near--;
            return v;
        }
    }
}

typedef struct { Node *leaf; double grad; } Before;

static PyObject *node_backward(PyObject *self, PyObject *unused)
{
    Node *v = NODE(self);
    if (!v->flows) {
        v->grad += 1.0;
        Py_RETURN_NONE;
    }
    Queue queue = {NULL, 0, 1, 0, 1, v->serial, {NULL, 0, 0}};
    Before *before = NULL; /* of the leaves met, the gradient from before */
    size_t leaves = 0, room = 0;
    uint64_t mark = ++marks;
    v->mark = mark;
    v->grad = 1.0;
    for (; v; v = next_in(&queue)) {
        double grad = v->grad;
        for (Edge *e = edges_of(v), *end = e + length_of(v); e < end; e++) {
            Node *parent = NODE(e->operand);
            if (!parent)
                continue;
            double part = e->number * grad;
            if (parent->mark == mark) {
                parent->grad += part;
                continue;
            }
            parent->mark = mark;
            if (parent->flows) {
                if (wait_in(&queue, parent) < 0)
                    goto done;
            }
            else {
                if (leaves == room) {
                    room = room ? 2 * room : 64;
                    Before *more = PyMem_Realloc(before, room * sizeof(Before));
                    if (!more) {
                        PyErr_NoMemory();
                        goto done;
                    }
                    before = more;
                }
                before[leaves].leaf = parent;
                before[leaves++].grad = parent->grad;
            }
            parent->grad = part;
        }
    }
done:
    for (size_t i = 0; i < leaves; i++)
        before[i].leaf->grad += before[i].grad; /* once: so that a second call doubles it exactly */
    PyMem_Free(before);
    PyMem_Free(queue.place);
    PyMem_Free(queue.far.at);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* -------------------------------------------------------------------------------------------------- attributes */

static int set_number(PyObject *property, PyObject *self, PyObject *x, double *number)
{ /* what is no float, the property of the Python class sees to */
    PyObject *done;
    if (x && PyFloat_CheckExact(x)) {
        *number = PyFloat_AsDouble(x);
        return 0;
    }
    done = x ? PyObject_CallMethod(property, "__set__", "OO", self, x)
             : PyObject_CallMethod(property, "__delete__", "O", self);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static PyObject *get_data(PyObject *v, void *unused) { return float_of(NODE(v)->data); }
static PyObject *get_grad(PyObject *v, void *unused) { return float_of(NODE(v)->grad); }
static int set_data(PyObject *v, PyObject *x, void *unused) { return set_number(given_data, v, x, &NODE(v)->data); }
static int set_grad(PyObject *v, PyObject *x, void *unused) { return set_number(given_grad, v, x, &NODE(v)->grad); }

static PyObject *get_op(PyObject *self, void *unused)
{
    PyObject *op = NODE(self)->op ? NODE(self)->op : Py_None;
    Py_INCREF(op);
    return op;
}

static PyObject *get_label(PyObject *self, void *unused)
{
    PyObject *label = NODE(self)->label;
    Py_XINCREF(label);
    return label ? label : PyUnicode_FromString("");
}

static int replace(PyObject **member, PyObject *x)
{
    PyObject *old = *member;
    Py_XINCREF(x);
    *member = x;
    Py_XDECREF(old);
    return 0;
}

static int set_op(PyObject *self, PyObject *x, void *unused)
{
    return replace(&NODE(self)->op, x == Py_None ? NULL : x);
}

static int set_label(PyObject *self, PyObject *x, void *unused)
{
    replace(&NODE(self)->label, x);
    track_if_needed(NODE(self));
    return 0;
}

static PyObject *get_serial(PyObject *self, void *unused) { return PyLong_FromUnsignedLongLong(NODE(self)->serial); }

static int set_serial(PyObject *self, PyObject *x, void *unused)
{
    unsigned long long serial = x ? PyLong_AsUnsignedLongLong(x) : 0;
    if (PyErr_Occurred())
        return -1;
    NODE(self)->serial = serial;
    return 0;
}

enum { OPERANDS, PARENTS, LOCAL };

static PyObject *tuple_of(PyObject *self, void *which)
{
    Node *v = NODE(self);
    Edge *e = edges_of(v);
    Py_ssize_t length = length_of(v), count = 0;
    int what = (int)(intptr_t)which;
    for (Py_ssize_t i = 0; i < length; i++)
        count += what == OPERANDS || (v->flows && e[i].operand);
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t i = 0, at = 0; tuple && i < length; i++) {
        if (what != OPERANDS && !(v->flows && e[i].operand))
            continue;
        PyObject *x = what != LOCAL && e[i].operand ? e[i].operand : NULL;
        if (x)
            Py_INCREF(x);
        else
            x = float_of(e[i].number);
        if (!x || PyTuple_SetItem(tuple, at++, x) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

static int set_local(PyObject *self, PyObject *local, void *unused)
{
    if (!local) {
        PyErr_SetString(PyExc_AttributeError, "local_derivatives cannot be deleted");
        return -1;
    }
    PyObject *operands = tuple_of(self, (void *)OPERANDS), *parents = tuple_of(self, (void *)PARENTS);
    int result = operands && parents ? fill(NODE(self), operands, parents, local) : -1;
    Py_XDECREF(operands);
    Py_XDECREF(parents);
    return result;
}

static PyMemberDef members[] = {
    {"_data", T_DOUBLE, offsetof(Node, data), 0, NULL},
    {"_grad", T_DOUBLE, offsetof(Node, grad), 0, NULL},
    {NULL},
};

static PyGetSetDef attributes[] = {
    {"data", get_data, set_data, NULL, NULL},
    {"grad", get_grad, set_grad, NULL, NULL},
    {"op", get_op, set_op, NULL, NULL},
    {"label", get_label, set_label, NULL, NULL},
    {"serial", get_serial, set_serial, NULL, NULL},
    {"operands", tuple_of, NULL, NULL, (void *)OPERANDS},
    {"parents", tuple_of, NULL, NULL, (void *)PARENTS},
    {"local_derivatives", tuple_of, set_local, NULL, (void *)LOCAL},
    {NULL},
};

#define FAST(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef methods[] = {
    {"backward", node_backward, METH_NOARGS, NULL},
    {"zero_grad", node_zero_grad, METH_NOARGS, NULL},
    {"set_edges", node_set_edges, METH_VARARGS, NULL},
    {"exp", node_exp, METH_NOARGS, NULL},
    {"log", node_log, METH_NOARGS, NULL},
    {"relu", node_relu, METH_NOARGS, NULL},
    {"tanh", node_tanh, METH_NOARGS, NULL},
    {"apply_op", FAST(apply_op), METH_FASTCALL | METH_STATIC, NULL},
    {NULL},
};

/* -------------------------------------------------------------------------------------------------- the module */

static const char *text_in(PyObject *dict, const char *name)
{
    PyObject *text = PyDict_GetItemString(dict, name);
    const char *found = text && PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
    PyErr_Clear();
    return found;
}

static PyObject *make_type(PyObject *module, PyObject *args)
{ /* bases, docstrings by name */
    PyObject *bases, *docs;
    if (!PyArg_ParseTuple(args, "O!O!", &PyTuple_Type, &bases, &PyDict_Type, &docs))
        return NULL;
    Py_INCREF(docs); /* for ever: the texts are not copied */
    for (PyMethodDef *method = methods; method->ml_name; method++)
        method->ml_doc = text_in(docs, method->ml_name);
    for (PyGetSetDef *attribute = attributes; attribute->name; attribute++)
        attribute->doc = text_in(docs, attribute->name);
    PyType_Slot slots[] = {
        {Py_tp_doc, (void *)text_in(docs, "Value")},
        {Py_tp_alloc, node_alloc},
        {Py_tp_dealloc, node_dealloc},
        {Py_tp_traverse, node_traverse},
        {Py_tp_clear, node_clear},
        {Py_tp_init, node_init},
        {Py_tp_members, members},
        {Py_tp_getset, attributes},
        {Py_tp_methods, methods},
        {Py_nb_add, node_add},
        {Py_nb_subtract, node_sub},
        {Py_nb_multiply, node_mul},
        {Py_nb_true_divide, node_div},
        {Py_nb_negative, node_negative},
        {Py_nb_power, node_pow},
        {0, NULL},
    };
    PyType_Spec spec = {"autodiff.value.Value", sizeof(Node), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
    Value = (PyTypeObject *)PyType_FromSpecWithBases(&spec, bases);
    Py_XINCREF(Value);
    return (PyObject *)Value;
}

static PyObject *take(PyObject *dict, const char *name)
{
    PyObject *x = PyDict_GetItemString(dict, name);
    if (!x && !PyErr_Occurred())
        PyErr_SetString(PyExc_KeyError, name);
    Py_XINCREF(x);
    return x;
}

static int take_row(PyObject *rows, const char *name, Row *row)
{
    PyObject *tuple = take(rows, name);
    if (!tuple || !PyArg_ParseTuple(tuple, "OOO", &row->op, &row->general, &row->reflected))
        return -1;
    Py_INCREF(row->op);
    Py_INCREF(row->general);
    Py_INCREF(row->reflected);
    Py_DECREF(tuple);
    return 0;
}

static PyObject *set_up(PyObject *module, PyObject *args)
{ /* what is given from Python, and the rows: op, general method, reflected method, by the name of the row */
    PyObject *given, *rows;
    if (!PyArg_ParseTuple(args, "O!O!", &PyDict_Type, &given, &PyDict_Type, &rows))
        return NULL;
#define TAKE(name) \
    if (!(given_##name = take(given, #name))) \
        return NULL;
    GIVEN(TAKE)
#define TAKE_ROW(name, ...) \
    if (take_row(rows, #name, &row_##name) < 0) \
        return NULL;
    BINARY(TAKE_ROW)
    UNARY(TAKE_ROW)
    TAKE_ROW(pow, )
    Py_RETURN_NONE;
}

static PyObject *next_serial(PyObject *module, PyObject *unused) { return PyLong_FromUnsignedLongLong(serials++); }
static PyObject *count_living(PyObject *module, PyObject *unused) { return PyLong_FromSsize_t(living); }

static PyMethodDef functions[] = {
    {"make_type", make_type, METH_VARARGS, NULL},
    {"set_up", set_up, METH_VARARGS, NULL},
    {"record", FAST(record), METH_FASTCALL, NULL},
    {"record_inline", FAST(record_inline), METH_FASTCALL, NULL},
    {"dot", FAST(dot), METH_FASTCALL, NULL},
    {"softmax", softmax, METH_O, NULL},
    {"order_of", order_of, METH_VARARGS, NULL},
    {"columns_of", columns_of, METH_VARARGS, NULL},
    {"next_serial", next_serial, METH_NOARGS, "The number of a new node, in the order of creation."},
    {"living", count_living, METH_NOARGS, "How many Values there are, but for those of subclasses."},
    {NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_node", NULL, -1, functions};

PyMODINIT_FUNC PyInit__node(void) { return PyModule_Create(&definition); }
