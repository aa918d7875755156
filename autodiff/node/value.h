/* What a Value is in memory, and what is asked of it everywhere. */

typedef struct { /* a Value and the local derivative to it, or NULL and a constant */
    PyObject *operand;
    double number;
} Edge;

typedef struct Node {
    PyObject_HEAD
    double data; /* what a walk over the graph reads lies side by side, from here to `mark` */
    union {
        double grad;
        struct Node *next; /* while it is dying or spare */
    };
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
    PyObject *op;    /* NULL: None */
    PyObject *label; /* NULL: "" */
} Node;

enum { MANY = 3 };

static PyTypeObject *Value;
static uint64_t serials, marks;

#define NODE(x) ((Node *)(x))
#define IS_NODE(x) (Py_TYPE(x) == Value || PyObject_TypeCheck(x, Value))
#define IS_TRACKED(x) (Py_TYPE(x) != Value || NODE(x)->tracked)

static inline Py_ssize_t length_of(const Node *v) { return v->count == MANY ? v->many.length : (Py_ssize_t)v->count; }
static inline Edge *edges_of(Node *v) { return v->count == MANY ? v->many.edges : v->few; }

/* Given by cvalue.py: what only Python does. */
#define GIVEN(_) \
    _(paused_somewhere) _(open_traces) _(innermost_block) _(reference) _(data) _(grad) _(local_derivatives) _(exact_sum)
#define DECLARE(name) static PyObject *given_##name;
GIVEN(DECLARE)

/* What becomes of a result: a node; inside no_grad() a leaf; or Python is to say, as while a function is traced. */
enum { RECORDED, LEAF, UNUSUAL };

static int fate_where_some_are_paused(void)
{
    if (PySet_Size(given_open_traces) != 0)
        return UNUSUAL;
    PyObject *block = PyObject_CallNoArgs(given_innermost_block);
    int paused = block && block != Py_None ? PySet_Contains(given_paused_somewhere, block) : 0;
    int known = block == Py_None || paused == 1; /* else it has ended, or resumes recording */
    Py_XDECREF(block);
    PyErr_Clear();
    return known ? paused ? LEAF : RECORDED : UNUSUAL;
}

static inline int fate(void)
{
    return PySet_Size(given_paused_somewhere) == 0 ? RECORDED : fate_where_some_are_paused();
}

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

/* The number of an operand: 1 for a Value, 0 for a constant, -1 for what is neither. */
static inline int read_number(PyObject *x, double *number)
{
    if (Py_TYPE(x) != Value)
        return is_constant(x, number) ? 0 : -1;
    *number = NODE(x)->data;
    return 1;
}

/* Make room in an array for so many items. */
static int make_room(void *array, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return 0;
    size_t more = 2 * wanted + 62;
    void *new = PyMem_Realloc(*(void **)array, more * size);
    if (!new) {
        PyErr_NoMemory();
        return -1;
    }
    *(void **)array = new;
    *room = more;
    return 0;
}
