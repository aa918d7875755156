/* The node of value.py in C: numbers unboxed, up to two operands in line, no work for Python's garbage collector.

   value.py is the reference.  What is here is what it says, faster: cvalue.py makes the type and puts the other members
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
#include <string.h>

#ifdef Py_GIL_DISABLED
#error "marks and the lists of nodes rely on the GIL: a free-threaded Python takes the Python node"
#endif
#if FLT_EVAL_METHOD != 0
#error "doubles must be computed as doubles: elsewhere the bits would differ from Python's"
#endif
#ifdef _MSC_VER
#include <intrin.h>
#pragma fp_contract(off)
static int TRAILING_ZEROS(uint64_t x) { unsigned long i; return _BitScanForward64(&i, x) ? (int)i : 64; }
#else
#define TRAILING_ZEROS __builtin_ctzll
#endif
#ifdef __GNUC__
#define FETCH __builtin_prefetch
#else
#define FETCH(place)
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
        struct Node *next; /* while it is dying or spare */
    };
    PyObject *op;    /* NULL: None */
    PyObject *label; /* NULL: "" */
    uint64_t serial : 60;
    uint64_t flows : 1;   /* whether the operands that are Values are parents, to which a gradient flows */
    uint64_t tracked : 1; /* by the collector; those of subclasses always are */
    uint64_t count : 2;   /* of edges in line; MANY: they are elsewhere */
    uint64_t mark;        /* the last walk that met this node */
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

#define NODE(x) ((Node *)(x))
#define IS_NODE(x) (Py_TYPE(x) == Value || PyObject_TypeCheck(x, Value))
#define IS_TRACKED(x) (Py_TYPE(x) != Value || NODE(x)->tracked)

static inline Py_ssize_t length_of(const Node *v) { return v->count == MANY ? v->many.length : (Py_ssize_t)v->count; }
static inline Edge *edges_of(Node *v) { return v->count == MANY ? v->many.edges : v->few; }

/* What is handed over from Python, by name: see cvalue.py. */
#define GIVEN(_) _(paused_somewhere) _(reference) _(apply_op) _(data) _(grad) _(local_derivatives) _(exact_sum)
#define DECLARE(name) static PyObject *given_##name;
GIVEN(DECLARE)

#define RECORDING (PySet_Size(given_paused_somewhere) == 0) /* else ask, in Python, whether it is paused here */

/* A float; for a nan always the same one: it equals itself only where it is the same object, as in a tuple read twice. */
static PyObject *float_of(double x)
{
    static PyObject *nans[2]; /* by sign */
    PyObject **kept = &nans[signbit(x) != 0];
    if (x == x)
        return PyFloat_FromDouble(x);
    if (!*kept)
        *kept = PyFloat_FromDouble(x);
    Py_XINCREF(*kept);
    return *kept;
}

static int as_double(PyObject *x, double *number)
{ /* takes the reference */
    *number = x ? PyFloat_AsDouble(x) : -1.0;
    Py_XDECREF(x);
    return *number == -1.0 && PyErr_Occurred() ? -1 : 0;
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

/* ------------------------------------------------------------------------------------------ making and freeing */

/* A training step frees its graph, and the next one is as large: so freed nodes are kept, where the system would clear
   each page anew, which takes as long as all else.  A region of memory has a bit for each place where a node may lie, so
   that they are taken in the order of their addresses: what is made, and met, one after the other lies side by side, and
   the processor fetches it in advance.  (From a list of spares they would come in the order in which they were freed, and
   be scattered more with each step.)  Half of what was not needed from one backward() to the next is given back. */
enum { REGIONS = 1024, REGION = 1 << 17, PLACE = 16, WORDS = REGION / PLACE / 64 };

typedef struct Region {
    uintptr_t start;
    size_t spares, word; /* the word from which the last was taken */
    uint64_t places[WORDS];
    struct Region *next; /* of those that have spares */
} Region;

static Region regions[REGIONS], *with_spares;
static Py_ssize_t living, spares, idle; /* idle: the fewest spares since the last backward() */

static inline int keep(Node *v)
{
#ifdef __SANITIZE_ADDRESS__
    return 0; /* what is used after it was freed is to be seen */
#endif
    uintptr_t at = (uintptr_t)v % REGION, start = (uintptr_t)v - at;
    Region *r = &regions[start / REGION % REGIONS];
    if (r->start != start && r->spares)
        return 0;
    if (!r->spares++) {
        r->start = start;
        r->next = with_spares;
        with_spares = r;
    }
    r->places[at / PLACE / 64] |= (uint64_t)1 << at / PLACE % 64;
    spares++;
    return 1;
}

static inline Node *take_spare(void)
{
    Region *r = with_spares;
    while (!r->places[r->word])
        r->word = (r->word + 1) % WORDS;
    int bit = TRAILING_ZEROS(r->places[r->word]);
    r->places[r->word] &= r->places[r->word] - 1;
    if (!--r->spares)
        with_spares = r->next;
    if (--spares < idle)
        idle = spares;
    return (Node *)(r->start + (r->word * 64 + bit) * PLACE);
}

static void give_back(Py_ssize_t count)
{
    while (count-- > 0)
        PyObject_GC_Del(take_spare());
    idle = spares;
}

static Node *new_node(void)
{
    Node *v;
    if (spares) {
        v = take_spare();
        Py_INCREF(Value); /* as an instance of a heap type does */
    }
    else if (!(v = PyObject_GC_New(Node, Value)))
        return NULL;
    living++;
    v->data = v->grad = 0.0;
    v->op = v->label = NULL;
    v->serial = v->flows = v->tracked = v->count = 0;
    v->mark = 0;
    return v;
}

static PyObject *node_alloc(PyTypeObject *type, Py_ssize_t items)
{
    return type == Value ? (PyObject *)new_node() : PyType_GenericAlloc(type, items);
}

static void track(Node *v)
{
    if (Py_TYPE(v) == Value && !v->tracked) {
        v->tracked = 1;
        PyObject_GC_Track(v);
    }
}

/* Let go of the edges.  A node that would be freed by this waits in a list: no recursion, however long the chain. */
static void drop_edges(Node *v, Node **dying)
{
    Py_ssize_t length = length_of(v);
    Edge few[2], *edges = v->count == MANY ? v->many.edges : memcpy(few, v->few, sizeof few);
    v->count = v->flows = 0; /* first: what is freed may run Python code, which may look here */
    for (Edge *e = edges; e < edges + length; e++) {
        PyObject *x = e->operand;
        if (x && Py_REFCNT(x) == 1 && Py_TYPE(x) == Value) {
            NODE(x)->next = *dying;
            *dying = NODE(x);
        }
        else
            Py_XDECREF(x);
    }
    if (edges != few)
        PyMem_Free(edges);
}

static void free_list(Node *dying)
{
    while (dying) {
        Node *v = dying;
        dying = v->next;
        Py_DECREF(v);
    }
}

static void node_dealloc(PyObject *self)
{
    Node *v = NODE(self), *dying = NULL;
    Py_INCREF(v); /* as those that are dying have it, and spares */
    for (;;) {
        PyTypeObject *type = Py_TYPE(v);
        if (IS_TRACKED(v))
            PyObject_GC_UnTrack(v);
        drop_edges(v, &dying);
        Py_XDECREF(v->op);
        Py_XDECREF(v->label);
        if (type != Value)
            ((freefunc)PyType_GetSlot(type, Py_tp_free))(v);
        else {
            living--;
            if (!keep(v))
                PyObject_GC_Del(v);
        }
        Py_DECREF(type);
        if (!dying)
            return;
        v = dying;
        dying = v->next;
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

static int replace(PyObject **member, PyObject *x)
{
    PyObject *old = *member;
    Py_XINCREF(x);
    *member = x;
    Py_XDECREF(old);
    return 0;
}

static int set_label(PyObject *self, PyObject *x, void *unused)
{
    if (x && !PyUnicode_CheckExact(x))
        track(NODE(self));
    return replace(&NODE(self)->label, x);
}

static int node_clear(PyObject *self)
{
    Node *dying = NULL;
    drop_edges(NODE(self), &dying);
    free_list(dying);
    replace(&NODE(self)->op, NULL);
    return replace(&NODE(self)->label, NULL);
}

static int node_init(PyObject *self, PyObject *args, PyObject *names)
{
    Py_ssize_t count = names ? 0 : PyTuple_Size(args);
    PyObject *data = count == 1 || count == 2 ? PyTuple_GetItem(args, 0) : NULL;
    PyObject *label = count == 2 ? PyTuple_GetItem(args, 1) : NULL, *made = NULL;
    double x;
    if (!data || !is_constant(data, &x) || (label && !PyUnicode_CheckExact(label))) {
        /* the Python class says what is taken, and what is wrong */
        if (!(made = PyObject_Call(given_reference, args, names))
            || as_double(PyObject_GetAttrString(made, "data"), &x) < 0) {
            Py_XDECREF(made);
            return -1;
        }
        label = PyObject_GetAttrString(made, "label");
        Py_DECREF(made);
        if (!label)
            return -1;
    }
    else
        Py_XINCREF(label);
    node_clear(self);
    set_label(self, label, NULL);
    Py_XDECREF(label);
    NODE(self)->data = x;
    NODE(self)->grad = 0.0;
    NODE(self)->serial = serials++;
    return 0;
}

/* --------------------------------------------------------------------------------------------------- recording */

static Node *recorded(PyObject *op, double z)
{
    Node *v = new_node();
    if (!v)
        return NULL;
    v->data = z;
    Py_INCREF(op);
    v->op = op;
    v->serial = serials++;
    v->flows = 1;
    return v;
}

/* An operation on up to two operands: each a Value and the derivative to it, or NULL and the constant. */
static inline PyObject *small_node(PyObject *op, double z, int count, PyObject *a, double da, PyObject *b, double db)
{
    Node *v = recorded(op, z);
    if (!v)
        return NULL;
    Py_XINCREF(a);
    Py_XINCREF(b);
    v->few[0].operand = a;
    v->few[0].number = da;
    v->few[1].operand = b;
    v->few[1].number = db;
    v->count = count;
    if ((a && IS_TRACKED(a)) || (b && IS_TRACKED(b)))
        track(v);
    return (PyObject *)v;
}

static Edge *room_for(Py_ssize_t length)
{
    Edge *edges = PyMem_Malloc((length + 1) * sizeof(Edge));
    return edges ? edges : (Edge *)PyErr_NoMemory();
}

static void free_edges(Edge *edges, Py_ssize_t length)
{
    while (edges && length--)
        Py_XDECREF(edges[length].operand);
    PyMem_Free(edges);
}

/* Give a node its edges, which are allocated and hold their operands. */
static PyObject *attach(Node *v, Edge *edges, Py_ssize_t length)
{
    for (Edge *e = edges; e < edges + length; e++)
        if (e->operand && IS_TRACKED(e->operand))
            track(v);
    if (length > 2) {
        v->count = MANY;
        v->many.edges = edges;
        v->many.length = length;
    }
    else {
        v->count = length;
        memcpy(v->few, edges, length * sizeof(Edge));
        PyMem_Free(edges);
    }
    return (PyObject *)v;
}

static PyObject *set_edges(PyObject *self, PyObject *args)
{ /* operands are Values and floats, parents all those Values or none */
    PyObject *operands, *parents, *local;
    if (!PyArg_ParseTuple(args, "O!O!O!:set_edges", &PyTuple_Type, &operands, &PyTuple_Type, &parents, &PyTuple_Type, &local))
        return NULL;
    Py_ssize_t length = PyTuple_Size(operands), flowing = PyTuple_Size(parents), met = 0;
    Edge *edges = room_for(length);
    if (!edges)
        return NULL;
    memset(edges, 0, length * sizeof(Edge));
    for (Py_ssize_t i = 0; i < length; i++) {
        PyObject *x = PyTuple_GetItem(operands, i);
        edges[i].operand = IS_NODE(x) ? Py_NewRef(x) : NULL;
        if (IS_NODE(x) && flowing) {
            if (met == flowing || x != PyTuple_GetItem(parents, met) || met == PyTuple_Size(local))
                goto mismatch;
            x = PyTuple_GetItem(local, met++);
        }
        edges[i].number = IS_NODE(x) ? 0.0 : PyFloat_AsDouble(x);
        if (edges[i].number == -1.0 && PyErr_Occurred())
            goto failed;
    }
    if (met == flowing && met == PyTuple_Size(local)) {
        Node *dying = NULL;
        drop_edges(NODE(self), &dying);
        attach(NODE(self), edges, length);
        NODE(self)->flows = flowing > 0;
        free_list(dying);
        Py_RETURN_NONE;
    }
mismatch:
    PyErr_SetString(PyExc_TypeError, "parents are the operands that are Values, with a local derivative for each");
failed:
    free_edges(edges, length);
    return NULL;
}

static int takes(const char *name, Py_ssize_t n, Py_ssize_t wanted)
{
    if (n != wanted)
        PyErr_Format(PyExc_TypeError, "%s takes %zd arguments, not %zd", name, wanted, n);
    return n == wanted;
}

static PyObject *record_inline(PyObject *module, PyObject *const *args, Py_ssize_t n)
{ /* data, op, left, right, to_left, to_right; None for a derivative: it is a constant; for right: there is none */
    if (!takes("record_inline", n, 6))
        return NULL;
    Edge edges[2] = {{NULL, 0.0}, {NULL, 0.0}};
    int count = args[3] == Py_None ? 1 : 2;
    for (int i = 0; i < count; i++) {
        int flows = args[4 + i] != Py_None;
        edges[i].operand = flows ? args[2 + i] : NULL;
        edges[i].number = PyFloat_AsDouble(args[flows ? 4 + i : 2 + i]);
    }
    double z = PyFloat_AsDouble(args[0]);
    if (PyErr_Occurred())
        return NULL;
    return small_node(args[1], z, count, edges[0].operand, edges[0].number, edges[1].operand, edges[1].number);
}

/* ------------------------------------------------------------------------------------- one operand, and operators */

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
        double x = 0.0, y = 0.0, z; \
        int left = Py_TYPE(v) == Value, right = Py_TYPE(w) == Value; \
        if (RECORDING && (left || is_constant(v, &x)) && (right || is_constant(w, &y))) { \
            if (left) \
                x = NODE(v)->data; \
            if (right) \
                y = NODE(w)->data; \
            if (!(RAISES)) { \
                z = Z; \
                return small_node(row_##name.op, z, 2, left ? v : NULL, left ? DX : x, right ? w : NULL, right ? DY : y); \
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
        return small_node(row_##name.op, z, 1, v, DX, NULL, 0.0); \
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
                return small_node(row_pow.op, z, 2, v, y * slope, NULL, y);
        }
    }
    return in_python(&row_pow, v, w);
}

/* ---------------------------------------------------------------------------------------- any number of operands */

/* Read x as an edge, with its number in place of the derivative: 1 for a Value, 0 for a constant, -1 for what is neither. */
static inline int read_edge(PyObject *x, Edge *e)
{
    if (Py_TYPE(x) == Value) {
        e->operand = Py_NewRef(x);
        e->number = NODE(x)->data;
        return 1;
    }
    e->operand = NULL;
    return is_constant(x, &e->number) ? 0 : -1;
}

static inline Py_ssize_t size_of(PyObject *x)
{ /* -1 if it is neither a list nor a tuple */
    return PyList_Check(x) ? PyList_Size(x) : PyTuple_Check(x) ? PyTuple_Size(x) : -1;
}

/* The same for a list or tuple: how many are Values, or -1. */
static Py_ssize_t read_edges(PyObject *xs, Py_ssize_t n, Edge *e)
{
    int list = PyList_Check(xs), kind = 0;
    Py_ssize_t values = 0, i = 0;
    for (; i < n && kind >= 0; i++) {
        kind = read_edge(list ? PyList_GetItem(xs, i) : PyTuple_GetItem(xs, i), e + i);
        values += kind;
    }
    for (; i < n; i++)
        e[i].operand = NULL;
    return kind < 0 ? -1 : values;
}

static PyObject *list_of(const double *numbers, size_t stride, Py_ssize_t n)
{
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list && i < n; i++) {
        PyObject *x = float_of(numbers[i * stride]);
        if (!x || PyList_SetItem(list, i, x) < 0)
            Py_CLEAR(list);
    }
    return list;
}

enum { EACH = 1, OF_EDGES = sizeof(Edge) / sizeof(double) }; /* strides: of an array of doubles, of numbers in edges */

/* The exact sum rounded once: 0, or -1 and an error.  The running sum, and the sum of what rounding took from it (Knuth's
   two-sum), are nearly always enough to tell: if the lost parts, at either end of what they can come to, round to the
   same double.  Each of their n additions errs by at most ulp/2 of `bound`, which itself errs by less than half.
   Infinities, what overflows on the way and the rare uncertain digit are summed as Python has it. */
static int sum_of(const double *numbers, size_t stride, Py_ssize_t n, double *result)
{
    double sum = 0.0, lost = 0.0, bound = 0.0;
    for (Py_ssize_t i = 0; i < n; i++) {
        double x = numbers[i * stride], next = sum + x, part = next - sum, error = (sum - (next - part)) + (x - part);
        sum = next;
        lost += error;
        bound += fabs(error);
    }
    double error = (double)n * DBL_EPSILON * bound, low = sum + (lost - error), high = sum + (lost + error);
    *result = low + 0.0; /* a sum of zeros is 0, never -0 */
    if (low == high && isfinite(low))
        return 0;
    PyObject *list = list_of(numbers, stride, n);
    int failed = as_double(list ? PyObject_CallFunctionObjArgs(given_exact_sum, list, NULL) : NULL, result);
    Py_XDECREF(list);
    return failed;
}

/* A rule gets a row's operands as edges with their numbers, and puts the local derivatives to those that are Values in
   place of these.  It gives 1; 0, with the edges as they were, if this case is left to Python; or -1 and an error. */
typedef int Rule(Edge *e, Py_ssize_t n, double *z);

static int slopes(Edge *e, Py_ssize_t n, double slope)
{
    for (Py_ssize_t i = 0; i < n; i++)
        if (e[i].operand)
            e[i].number = slope;
    return 1;
}

/* Σ xᵢ */
static int rule_sum(Edge *e, Py_ssize_t n, double *z)
{
    return sum_of(&e->number, OF_EDGES, n, z) < 0 ? -1 : slopes(e, n, 1.0);
}

/* Σ xᵢ / n */
static int rule_mean(Edge *e, Py_ssize_t n, double *z)
{
    if (sum_of(&e->number, OF_EDGES, n, z) < 0)
        return -1;
    *z /= (double)n;
    return isfinite(*z) ? slopes(e, n, 1.0 / (double)n) : 0;
}

/* Σ wᵢ·xᵢ + b: to a weight its input, to an input its weight, to the bias 1. */
static int rule_dot(Edge *e, Py_ssize_t length, double *z)
{
    double few[64], *products = length < 128 ? few : PyMem_Malloc((length / 2 + 1) * sizeof(double));
    if (!products) {
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t n = length / 2, biased = length % 2;
    for (Edge *w = e, *x = e + n; w < e + n; w++, x++) {
        double weight = w->number, input = x->number;
        products[w - e] = weight * input;
        if (w->operand)
            w->number = input;
        if (x->operand)
            x->number = weight;
    }
    if (biased)
        products[n] = e[2 * n].number;
    int failed = sum_of(products, EACH, n + biased, z);
    if (products != few)
        PyMem_Free(products);
    return failed ? -1 : slopes(e + 2 * n, biased, 1.0);
}

/* exp(x - top) for each, what rounding took from the difference put back, and their sum; 0 if one is not finite. */
static int exp_shifted(const Edge *e, Py_ssize_t n, double *powers, double *top, double *sum)
{
    *top = e->number;
    for (Py_ssize_t i = 0; i < n; i++)
        if (e[i].number > *top)
            *top = e[i].number;
    for (Py_ssize_t i = 0; i < n; i++) {
        double x = e[i].number, difference = x - *top, y_part = x - difference, x_part = difference + y_part;
        if (!isfinite(difference))
            return 0;
        powers[i] = exp(difference) * (1.0 + ((x - x_part) + (y_part - *top)));
    }
    return sum_of(powers, EACH, n, sum) < 0 ? -1 : 1;
}

/* The sum of all but number i. */
static int sum_of_others(double *numbers, Py_ssize_t n, Py_ssize_t i, double *result)
{
    double left_out = numbers[i];
    numbers[i] = 0.0;
    int failed = sum_of(numbers, EACH, n, result);
    numbers[i] = left_out;
    return failed;
}

/* log Σ exp(xᵢ), whose derivatives are the shares of softmax */
static int rule_logsumexp(Edge *e, Py_ssize_t n, double *z)
{
    double top, sum, rest, *powers = PyMem_Malloc(n * sizeof(double));
    if (!powers) {
        PyErr_NoMemory();
        return -1;
    }
    int done = exp_shifted(e, n, powers, &top, &sum);
    if (done == 1) {
        Py_ssize_t first = 0;
        while (powers[first] != 1.0) /* that of the greatest, at the latest */
            first++;
        done = sum_of_others(powers, n, first, &rest) < 0 ? -1 : 1;
    }
    if (done == 1) {
        *z = top + log1p(rest);
        for (Py_ssize_t i = 0; i < n; i++)
            if (e[i].operand)
                e[i].number = powers[i] / sum;
    }
    PyMem_Free(powers);
    return done;
}

/* The rows whose rules are here; where others are assigned to a row, they hold. */
enum { SUM, MEAN, DOT, LOGSUMEXP, SOFTMAX, ROWS };
static struct { const char *name; Rule *rule; PyObject *op, *on_floats; } nary[ROWS] = {
    {"sum", rule_sum}, {"mean", rule_mean}, {"dot", rule_dot}, {"logsumexp", rule_logsumexp}, {"softmax", NULL},
};
static PyObject *name_on_floats, *name_flows;

/* Whether an attribute is this object; -1 and an error if it cannot be read. */
static int is_attribute(PyObject *x, PyObject *name, PyObject *wanted)
{
    PyObject *found = PyObject_GetAttr(x, name);
    Py_XDECREF(found);
    return found ? found == wanted : -1;
}

static int is_as_written(int i) { return is_attribute(nary[i].op, name_on_floats, nary[i].on_floats); }

static int apply_rule(PyObject *op, Edge *e, Py_ssize_t n, double *z)
{
    int i = 0;
    while (i < SOFTMAX && op != nary[i].op)
        i++;
    int done = i < SOFTMAX ? is_as_written(i) : 0;
    return done == 1 ? nary[i].rule(e, n, z) : done;
}

/* The same for any row, by calling it. */
static int call_row(PyObject *op, Edge *e, Py_ssize_t n, double *z)
{
    PyObject *list = list_of(&e->number, OF_EDGES, n), *positions = PyList_New(0), *value = NULL, *local = NULL;
    for (Py_ssize_t i = 0; positions && i < n; i++) {
        if (!e[i].operand)
            continue;
        PyObject *position = PyLong_FromSsize_t(i);
        if (!position || PyList_Append(positions, position) < 0)
            Py_CLEAR(positions);
        Py_XDECREF(position);
    }
    if (list && positions && (value = PyObject_CallMethod(op, "evaluate", "O", list)))
        local = PyObject_CallMethod(op, "float_derivatives", "OOO", list, value, positions);
    Py_XDECREF(list);
    Py_XDECREF(positions);
    int failed = as_double(value, z) < 0 || !local;
    for (Py_ssize_t i = 0, met = 0; !failed && i < n; i++)
        if (e[i].operand) {
            PyObject *slope = PyTuple_GetItem(local, met++); /* NULL, and an error, if there are too few */
            Py_XINCREF(slope);
            failed = as_double(slope, &e[i].number) < 0;
        }
    Py_XDECREF(local);
    return failed ? -1 : 1;
}

/* The node of a row whose rule gave `done`; None if that is left to Python. */
static PyObject *node_of(PyObject *op, double z, Edge *edges, Py_ssize_t n, int done)
{
    Node *v = done == 1 ? recorded(op, z) : NULL;
    if (v)
        return attach(v, edges, n);
    free_edges(edges, n);
    if (done != 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *apply_to(PyObject *op, PyObject *operands, int every)
{
    Py_ssize_t n = size_of(operands);
    if (n < 0 || !RECORDING)
        Py_RETURN_NONE;
    double z;
    Edge *edges = room_for(n);
    Py_ssize_t values = edges ? read_edges(operands, n, edges) : 0;
    int done = !edges ? -1 : values > 0 ? apply_rule(op, edges, n, &z) : 0;
    if (!done && values > 0 && every)
        done = call_row(op, edges, n, &z);
    return node_of(op, z, edges, n, done);
}

static PyObject *reduce(PyObject *module, PyObject *const *args, Py_ssize_t count)
{ /* op, its operands in a list or tuple; None if that is left to Python */
    return takes("reduce", count, 2) ? apply_to(args[0], args[1], 0) : NULL;
}

static PyObject *apply_op(PyObject *self, PyObject *const *args, Py_ssize_t count)
{ /* op, operands */
    if (!takes("apply_op", count, 2))
        return NULL;
    int flows = is_attribute(args[0], name_flows, Py_True);
    PyObject *v = flows < 0 ? NULL : flows && PyTuple_CheckExact(args[1]) ? apply_to(args[0], args[1], 1) : Py_NewRef(Py_None);
    if (v != Py_None)
        return v;
    Py_DECREF(v);
    return PyObject_CallFunctionObjArgs(given_apply_op, args[0], args[1], NULL);
}

/* dot(ws, xs, bias) of Values and numbers in lists or tuples; None if that is not what was given. */
static PyObject *dot(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (!takes("dot", count, 3))
        return NULL;
    Py_ssize_t n = size_of(args[0]), biased = args[2] != Py_None;
    if (!RECORDING || n < 0 || n != size_of(args[1]))
        Py_RETURN_NONE;
    Edge *e = room_for(2 * n + biased);
    if (!e)
        return NULL;
    Py_ssize_t weights = read_edges(args[0], n, e), inputs = read_edges(args[1], n, e + n);
    int bias = biased ? read_edge(args[2], e + 2 * n) : 0;
    double z;
    int given = weights >= 0 && inputs >= 0 && bias >= 0 && weights + inputs + bias > 0;
    return node_of(nary[DOT].op, z, e, 2 * n + biased, given ? rule_dot(e, 2 * n + biased, &z) : 0);
}

/* Component i of a softmax: ∂pᵢ/∂xⱼ = -pᵢ·pⱼ, and pᵢ times the sum of the others. */
static PyObject *share(const Edge *e, double *shares, Py_ssize_t n, Py_ssize_t i)
{
    double rest;
    Edge *edges = room_for(n + 1);
    if (!edges || sum_of_others(shares, n, i, &rest) < 0) {
        PyMem_Free(edges);
        return NULL;
    }
    edges[0] = (Edge){NULL, (double)i};
    for (Py_ssize_t j = 0; j < n; j++) {
        double slope = j == i ? shares[i] * rest : -shares[i] * shares[j];
        Py_XINCREF(e[j].operand);
        edges[j + 1] = (Edge){e[j].operand, e[j].operand ? slope : e[j].number};
    }
    return node_of(nary[SOFTMAX].op, shares[i], edges, n + 1, 1);
}

/* softmax of Values and numbers in a list or tuple; None if that is not what it holds. */
static PyObject *softmax(PyObject *module, PyObject *operands)
{
    Py_ssize_t n = size_of(operands);
    if (n < 0 || !RECORDING)
        Py_RETURN_NONE;
    PyObject *nodes = NULL;
    double top, sum, *shares = PyMem_Malloc((n + 1) * sizeof(double));
    Edge *edges = shares ? room_for(n) : (Edge *)PyErr_NoMemory();
    int done = edges ? is_as_written(SOFTMAX) : -1;
    Py_ssize_t values = edges ? read_edges(operands, n, edges) : 0;
    if (done == 1)
        done = values > 0 ? exp_shifted(edges, n, shares, &top, &sum) : 0;
    if (done >= 0)
        nodes = done ? PyList_New(n) : Py_NewRef(Py_None);
    for (Py_ssize_t i = 0; done == 1 && i < n; i++)
        shares[i] /= sum;
    for (Py_ssize_t i = 0; done == 1 && nodes && i < n; i++) {
        PyObject *v = share(edges, shares, n, i);
        if (!v || PyList_SetItem(nodes, i, v) < 0)
            Py_CLEAR(nodes);
    }
    PyMem_Free(shares);
    free_edges(edges, n);
    return nodes;
}

/* ----------------------------------------------------------------------------------------------------- walking */

/* Make room in an array for so many items; what is new is zero. */
static int make_room(void *array, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return 0;
    size_t more = 2 * wanted + 62;
    char *new = PyMem_Realloc(*(void **)array, more * size);
    if (!new) {
        PyErr_NoMemory();
        return -1;
    }
    memset(new + *room * size, 0, (more - *room) * size);
    *(void **)array = new;
    *room = more;
    return 0;
}

typedef struct { Node **at; size_t n, room; } Nodes;

/* The nodes that were met and wait for their turn, latest first.  Most graphs were recorded without a break, so there is
   a place for each serial: place i is for serial top - i.  A node that lies far below those seen so far waits in a heap
   instead, and so does one that was begun anew, and is later than what was made of it. */
typedef struct {
    Node **place;
    size_t room, at, near, seen;
    uint64_t top, mark;
    Nodes far;
} Queue;

static int push_far(Nodes *heap, Node *v)
{
    if (make_room(&heap->at, &heap->room, heap->n + 1, sizeof(Node *)) < 0)
        return -1;
    size_t i = heap->n++;
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

static inline int wait_in(Queue *queue, Node *v)
{
    uint64_t i = queue->top - v->serial;
    if (i < queue->at || (i >= queue->room && i > 8 * queue->seen + 1024))
        return push_far(&queue->far, v);
    if (make_room(&queue->place, &queue->room, i + 1, sizeof(Node *)) < 0)
        return -1;
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
        queue->at = queue->seen = 1;
        return v;
    }
    for (;; queue->at++) {
        if (queue->far.n && queue->far.at[0]->serial >= queue->top - queue->at)
            return pop_far(&queue->far);
        Node *v = queue->place[queue->at];
        if (v) {
            queue->place[queue->at++] = NULL;
            queue->near--;
            return v;
        }
    }
}

/* Whether this walk meets the node for the first time. */
static inline int is_new(Queue *queue, Node *v)
{
    int new = v->mark != queue->mark;
    v->mark = queue->mark;
    return new;
}

static void end_walk(Queue *queue)
{
    PyMem_Free(queue->place);
    PyMem_Free(queue->far.at);
}

/* The outputs, a tuple, and every node below them, latest first: their parents, or if `recorded` all their operands. */
static int find_all(PyObject *outputs, int recorded, Nodes *found)
{
    Queue queue = {.at = 0, .mark = ++marks};
    int failed = 0;
    for (Py_ssize_t i = 0, n = PyTuple_Size(outputs); i < n && !failed; i++) {
        PyObject *x = PyTuple_GetItem(outputs, i);
        if (!IS_NODE(x)) {
            PyErr_Format(PyExc_TypeError, "Values are wanted, not %R", x);
            failed = 1;
        }
        else if (is_new(&queue, NODE(x)))
            failed = push_far(&queue.far, NODE(x)) < 0;
    }
    for (Node *v; !failed && (v = next_in(&queue));) {
        failed = make_room(&found->at, &found->room, found->n + 1, sizeof(Node *)) < 0;
        if (!failed)
            found->at[found->n++] = v;
        for (Edge *e = edges_of(v), *end = e + (v->flows || recorded ? length_of(v) : 0); e < end && !failed; e++)
            failed = e->operand && is_new(&queue, NODE(e->operand)) && wait_in(&queue, NODE(e->operand)) < 0;
    }
    end_walk(&queue);
    return failed ? -1 : 0;
}

static PyObject *order_of(PyObject *module, PyObject *args)
{ /* outputs, whether all operands count, or parents only; None if an operand is later than what was made of it */
    PyObject *outputs, *list = NULL;
    int recorded, in_order = 1;
    Nodes found = {NULL, 0, 0};
    if (!PyArg_ParseTuple(args, "O!p", &PyTuple_Type, &outputs, &recorded))
        return NULL;
    if (find_all(outputs, recorded, &found) == 0)
        list = PyList_New(found.n);
    for (size_t i = 0; list && i < found.n; i++) {
        Node *v = found.at[found.n - 1 - i];
        in_order &= !i || v->serial > found.at[found.n - i]->serial;
        Py_INCREF(v);
        PyList_SetItem(list, i, (PyObject *)v);
    }
    PyMem_Free(found.at);
    if (!list || in_order)
        return list;
    Py_DECREF(list);
    Py_RETURN_NONE;
}

static PyObject *zero_grad(PyObject *self, PyObject *unused)
{
    Nodes found = {NULL, 0, 0};
    PyObject *outputs = PyTuple_Pack(1, self);
    int failed = !outputs || find_all(outputs, 0, &found) < 0;
    for (size_t i = 0; !failed && i < found.n; i++)
        found.at[i]->grad = 0.0;
    PyMem_Free(found.at);
    Py_XDECREF(outputs);
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

typedef struct { Node *node; double grad; } Leaf;

static PyObject *backward(PyObject *self, PyObject *unused)
{
    Node *v = NODE(self);
    give_back(idle / 2);
    if (!v->flows) {
        v->grad += 1.0;
        Py_RETURN_NONE;
    }
    Queue queue = {.at = 1, .seen = 1, .top = v->serial, .mark = ++marks};
    Leaf *leaves = NULL; /* those met, with the gradient from before */
    size_t met = 0, room = 0;
    v->mark = queue.mark;
    v->grad = 1.0;
    for (; v; v = next_in(&queue)) {
        double grad = v->grad;
        for (Edge *e = edges_of(v), *end = e + length_of(v); e < end; e++) {
            Node *parent = NODE(e->operand);
            if (!parent)
                continue;
            double part = e->number * grad;
            if (!is_new(&queue, parent)) {
                parent->grad += part;
                continue;
            }
            if (parent->flows) {
                if (wait_in(&queue, parent) < 0)
                    goto done;
            }
            else {
                if (make_room(&leaves, &room, met + 1, sizeof(Leaf)) < 0)
                    goto done;
                leaves[met++] = (Leaf){parent, parent->grad};
            }
            parent->grad = part;
        }
    }
done:
    while (met--)
        leaves[met].node->grad += leaves[met].grad; /* once: so that a second call doubles it exactly */
    PyMem_Free(leaves);
    end_walk(&queue);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *numbers_of(PyObject *module, PyObject *nodes)
{ /* the numbers of nodes in a list, float64 */
    Py_ssize_t count = PyList_Size(nodes);
    PyObject *found = count < 0 ? NULL : PyBytes_FromStringAndSize(NULL, count * sizeof(double));
    double *numbers = found ? (double *)PyBytes_AsString(found) : NULL;
    for (Py_ssize_t i = 0; found && i < count; i++) {
        PyObject *v = PyList_GetItem(nodes, i);
        if (!IS_NODE(v)) {
            Py_DECREF(found);
            return PyErr_Format(PyExc_TypeError, "Values are wanted, not %R", v);
        }
        numbers[i] = NODE(v)->data;
    }
    return found;
}

/* A graph as columns: of nodes in a list the serial, the number of the row (`numbers` has it, by row), and how many
   operands it has; of all operands the serial, or -1 for a constant; the constants.  All are int64 but the last, float64. */
static PyObject *columns_of(PyObject *module, PyObject *args)
{
    PyObject *nodes, *numbers, *columns[5] = {NULL}, *row = NULL, *found = NULL;
    if (!PyArg_ParseTuple(args, "O!O", &PyList_Type, &nodes, &numbers))
        return NULL;
    Py_ssize_t count = PyList_Size(nodes), operands = 0, constants = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Node *v = NODE(PyList_GetItem(nodes, i));
        if (!IS_NODE((PyObject *)v))
            return PyErr_Format(PyExc_TypeError, "Values are wanted, not %R", v);
        operands += length_of(v);
        for (Edge *e = edges_of(v), *end = e + length_of(v); e < end; e++)
            constants += !e->operand;
    }
    Py_ssize_t sizes[5] = {count, count, count, operands, constants};
    int64_t *at[5];
    for (int k = 0; k < 5; k++) {
        if (!(columns[k] = PyBytes_FromStringAndSize(NULL, sizes[k] * sizeof(int64_t))))
            goto done;
        at[k] = (int64_t *)PyBytes_AsString(columns[k]);
    }
    int64_t number = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Node *v = NODE(PyList_GetItem(nodes, i)), *soon = NODE(PyList_GetItem(nodes, i + 16 < count ? i + 16 : i));
        for (int k = 0; k < 2 && soon->count < MANY; k++)
            FETCH((char *)soon->few[k].operand + offsetof(Node, mark)); /* its serial, which is beside: NULL does no harm */
        PyObject *op = v->op ? v->op : Py_None;
        if (op != row) {
            PyObject *x = PyObject_GetItem(numbers, op);
            number = x ? PyLong_AsLongLong(x) : -1;
            Py_XDECREF(x);
            if (number == -1 && PyErr_Occurred())
                goto done;
            row = op;
        }
        *at[0]++ = v->serial;
        *at[1]++ = number;
        *at[2]++ = length_of(v);
        for (Edge *e = edges_of(v), *end = e + length_of(v); e < end; e++) {
            *at[3]++ = e->operand ? (int64_t)NODE(e->operand)->serial : -1;
            if (!e->operand)
                memcpy(at[4]++, &e->number, sizeof e->number);
        }
    }
    found = PyTuple_Pack(5, columns[0], columns[1], columns[2], columns[3], columns[4]);
done:
    for (int k = 0; k < 5; k++)
        Py_XDECREF(columns[k]);
    return found;
}

/* -------------------------------------------------------------------------------------------------- attributes */

/* What is no float, the property of the Python class sees to. */
static int set_in_python(PyObject *property, PyObject *self, PyObject *x)
{
    PyObject *done = PyObject_CallMethod(property, x ? "__set__" : "__delete__", x ? "OO" : "O", self, x);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

#define NUMBER(name) \
    static PyObject *get_##name(PyObject *v, void *unused) { return float_of(NODE(v)->name); } \
    static int set_##name(PyObject *v, PyObject *x, void *unused) \
    { \
        if (!x || !PyFloat_CheckExact(x)) \
            return set_in_python(given_##name, v, x); \
        NODE(v)->name = PyFloat_AsDouble(x); \
        return 0; \
    }
NUMBER(data)
NUMBER(grad)

static PyObject *get_op(PyObject *v, void *unused) { return Py_NewRef(NODE(v)->op ? NODE(v)->op : Py_None); }
static int set_op(PyObject *v, PyObject *x, void *unused) { return replace(&NODE(v)->op, x == Py_None ? NULL : x); }

static PyObject *get_label(PyObject *v, void *unused)
{
    return NODE(v)->label ? Py_NewRef(NODE(v)->label) : PyUnicode_FromString("");
}

static PyObject *get_serial(PyObject *v, void *unused) { return PyLong_FromUnsignedLongLong(NODE(v)->serial); }

static int set_serial(PyObject *v, PyObject *x, void *unused)
{
    unsigned long long serial = x ? PyLong_AsUnsignedLongLong(x) : 0;
    if (PyErr_Occurred())
        return -1;
    NODE(v)->serial = serial;
    return 0;
}

enum { OPERANDS, PARENTS, LOCAL };

static PyObject *tuple_of(PyObject *self, void *which)
{
    Node *v = NODE(self);
    Edge *edges = edges_of(v), *end = edges + length_of(v);
    int what = (int)(intptr_t)which;
    Py_ssize_t count = 0;
    for (Edge *e = edges; e < end; e++)
        count += what == OPERANDS || (v->flows && e->operand);
    PyObject *tuple = PyTuple_New(count);
    for (Py_ssize_t at = 0; tuple && at < count; edges++) {
        if (what != OPERANDS && !edges->operand)
            continue;
        PyObject *x = what != LOCAL && edges->operand ? Py_NewRef(edges->operand) : float_of(edges->number);
        if (!x || PyTuple_SetItem(tuple, at++, x) < 0)
            Py_CLEAR(tuple);
    }
    return tuple;
}

static int set_local_derivatives(PyObject *self, PyObject *x, void *unused)
{
    return set_in_python(given_local_derivatives, self, x);
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
    {"local_derivatives", tuple_of, set_local_derivatives, NULL, (void *)LOCAL},
    {NULL},
};

#define FAST(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef methods[] = {
    {"backward", backward, METH_NOARGS, NULL},
    {"zero_grad", zero_grad, METH_NOARGS, NULL},
    {"set_edges", set_edges, METH_VARARGS, NULL},
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
    PyObject *methods = take(rows, name); /* for ever, as all that is given */
    return methods && PyArg_ParseTuple(methods, "OOO", &row->op, &row->general, &row->reflected) ? 0 : -1;
}

/* Make the type: its bases, docstrings by name, what is given from Python, and the rows: by name those spelled out, with
   the general method and the reflected one, and those of any number of operands. */
static PyObject *make_type(PyObject *module, PyObject *args)
{
    PyObject *bases, *docs, *given, *rows;
    if (!PyArg_ParseTuple(args, "O!O!O!O!", &PyTuple_Type, &bases, &PyDict_Type, &docs, &PyDict_Type, &given, &PyDict_Type, &rows))
        return NULL;
    Py_INCREF(docs); /* the texts are not copied */
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
    if (!(name_flows = PyUnicode_InternFromString("flows")) || !(name_on_floats = PyUnicode_InternFromString("on_floats")))
        return NULL;
    for (int i = 0; i < ROWS; i++)
        if (!(nary[i].op = take(rows, nary[i].name))
            || !(nary[i].on_floats = PyObject_GetAttr(nary[i].op, name_on_floats)))
            return NULL;
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

static PyObject *next_serial(PyObject *module, PyObject *unused) { return PyLong_FromUnsignedLongLong(serials++); }
static PyObject *count_living(PyObject *module, PyObject *unused) { return PyLong_FromSsize_t(living); }
static PyObject *give_back_all(PyObject *module, PyObject *unused)
{
    give_back(spares);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"make_type", make_type, METH_VARARGS, NULL},
    {"record_inline", FAST(record_inline), METH_FASTCALL, NULL},
    {"reduce", FAST(reduce), METH_FASTCALL, NULL},
    {"dot", FAST(dot), METH_FASTCALL, NULL},
    {"softmax", softmax, METH_O, NULL},
    {"order_of", order_of, METH_VARARGS, NULL},
    {"columns_of", columns_of, METH_VARARGS, NULL},
    {"numbers_of", numbers_of, METH_O, NULL},
    {"next_serial", next_serial, METH_NOARGS, "The number of a new node, in the order of creation."},
    {"living", count_living, METH_NOARGS, "How many Values there are, but for those of subclasses."},
    {"give_back", give_back_all, METH_NOARGS, "Give the memory back that was kept for nodes to come."},
    {NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_node", NULL, -1, functions};

PyMODINIT_FUNC PyInit__node(void) { return PyModule_Create(&definition); }
