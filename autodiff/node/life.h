/* How a Value is made, begun by the user, and freed. */

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
