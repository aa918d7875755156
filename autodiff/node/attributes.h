/* The attributes of a Value. */

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
