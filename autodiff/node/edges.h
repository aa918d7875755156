/* Recording: nodes with edges to what they were made of. */

static Node *leaf(double data)
{
    Node *v = new_node();
    if (v) {
        v->data = data;
        v->serial = serials++;
    }
    return v;
}

static Node *recorded(PyObject *op, double z)
{
    Node *v = leaf(z);
    if (v) {
        v->op = Py_NewRef(op);
        v->flows = 1;
    }
    return v;
}

/* The result of an operation on up to two operands: each a Value and the derivative to it, or NULL and the constant. */
static inline PyObject *small_node(int fate, PyObject *op, double z, int count, PyObject *a, double da, PyObject *b, double db)
{
    if (fate == LEAF)
        return (PyObject *)leaf(z);
    Node *v = recorded(op, z);
    if (!v)
        return NULL;
    Py_XINCREF(a);
    Py_XINCREF(b);
    v->few[0] = (Edge){a, da};
    v->few[1] = (Edge){b, db};
    v->count = count;
    if ((a && IS_TRACKED(a)) || (b && IS_TRACKED(b)))
        track(v);
    return (PyObject *)v;
}

/* Operands as they are gathered; each has its number where the local derivative is to be. */
typedef struct {
    Edge *edges;
    Py_ssize_t count, values;
    int tracked; /* whether one is, by the collector */
} Operands;

static int make_operands(Operands *these, Py_ssize_t room)
{
    *these = (Operands){PyMem_Malloc(room * sizeof(Edge)), 0, 0, 0};
    if (!these->edges)
        PyErr_NoMemory();
    return these->edges ? 0 : -1;
}

/* Take what is a Value, though of no subclass, or a constant: else 0. */
static inline int add_operand(Operands *these, PyObject *x)
{
    Edge *e = these->edges + these->count;
    int is_value = read_number(x, &e->number);
    if (is_value < 0)
        return 0;
    e->operand = is_value ? Py_NewRef(x) : NULL;
    these->values += is_value;
    these->tracked |= is_value && NODE(x)->tracked;
    these->count++;
    return 1;
}

/* The same for n items of a list or tuple. */
static int add_operands(Operands *these, PyObject *xs, Py_ssize_t n)
{
    PyObject *(*item)(PyObject *, Py_ssize_t) = PyList_Check(xs) ? PyList_GetItem : PyTuple_GetItem;
    Operands all = *these; /* a copy that no call can reach is kept in registers */
    int taken = 1;
    for (Py_ssize_t i = 0; i < n && taken; i++)
        taken = add_operand(&all, item(xs, i));
    *these = all;
    return taken;
}

static void drop_operands(Operands *these)
{
    while (these->count)
        Py_XDECREF(these->edges[--these->count].operand);
    PyMem_Free(these->edges);
}

/* Give a node its edges, and so the references that they hold. */
static PyObject *attach(Node *v, Operands *these)
{
    if (these->tracked)
        track(v);
    if (these->count > 2) {
        v->count = MANY;
        v->many.edges = these->edges;
        v->many.length = these->count;
        return (PyObject *)v;
    }
    v->count = these->count;
    memcpy(v->few, these->edges, these->count * sizeof(Edge));
    PyMem_Free(these->edges);
    return (PyObject *)v;
}

/* ------------------------------------------------------------------------------------------- edges given by Python */

static PyObject *set_edges(PyObject *self, PyObject *args)
{ /* operands are Values and floats, parents all those Values or none */
    PyObject *given, *parents, *local;
    if (!PyArg_ParseTuple(args, "O!O!O!:set_edges", &PyTuple_Type, &given, &PyTuple_Type, &parents, &PyTuple_Type, &local))
        return NULL;
    Py_ssize_t length = PyTuple_Size(given), flowing = PyTuple_Size(parents), met = 0;
    Operands operands;
    if (make_operands(&operands, length) < 0)
        return NULL;
    for (Edge *e = operands.edges; operands.count < length; e++) {
        PyObject *x = PyTuple_GetItem(given, operands.count++), *number = x;
        *e = (Edge){NULL, 0.0};
        if (IS_NODE(x)) {
            e->operand = Py_NewRef(x);
            operands.tracked |= IS_TRACKED(x);
            if (!flowing)
                continue;
            if (met == flowing || x != PyTuple_GetItem(parents, met) || met == PyTuple_Size(local))
                goto mismatch;
            number = PyTuple_GetItem(local, met++);
        }
        e->number = PyFloat_AsDouble(number);
        if (e->number == -1.0 && PyErr_Occurred())
            goto failed;
    }
    if (met == flowing && met == PyTuple_Size(local)) {
        Node *dying = NULL;
        drop_edges(NODE(self), &dying);
        attach(NODE(self), &operands);
        NODE(self)->flows = flowing > 0;
        free_list(dying);
        Py_RETURN_NONE;
    }
mismatch:
    PyErr_SetString(PyExc_TypeError, "parents are the operands that are Values, with a local derivative for each");
failed:
    drop_operands(&operands);
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
    return small_node(RECORDED, args[1], z, count, edges[0].operand, edges[0].number, edges[1].operand, edges[1].number);
}
