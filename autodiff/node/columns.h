/* A graph as flat arrays, for the compiler. */

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

/* The operands of node i are brought nearer, where there is such a node, and it has no more than two. */
static inline void fetch_operands(PyObject *nodes, Py_ssize_t i)
{
    Node *v = i < PyList_Size(nodes) ? NODE(PyList_GetItem(nodes, i)) : NULL;
    for (int k = 0; v && v->count < MANY && k < v->count; k++)
        FETCH((char *)v->few[k].operand + offsetof(Node, mark)); /* beside the serial */
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
        Node *v = NODE(PyList_GetItem(nodes, i));
        fetch_operands(nodes, i + 8);
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
