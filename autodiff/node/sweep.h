/* Walks over a graph, later nodes first: backward, zero_grad, and the order of a graph. */

typedef struct { Node **at; size_t n, room; } Nodes;

/* The nodes that were met and wait for their turn, latest first.  Most graphs were recorded without a break, and most
   operands a short while before their use: so there is a ring of places, one for each of the next serials downwards,
   which grows if need be.  A node that lies far below those seen so far waits in a heap instead, and so does one that
   was begun anew, and is later than what was made of it. */
typedef struct {
    Node **ring; /* a serial has the place of its last bits */
    uint64_t size, next, mark; /* next: the serial to be looked at */
    size_t near, seen; /* how many are in the ring, and were */
    Nodes far;
    Node *few[64];
} Queue;

static void start_walk(Queue *queue)
{
    memset(queue, 0, sizeof *queue);
    queue->ring = queue->few;
    queue->size = sizeof queue->few / sizeof *queue->few;
    queue->mark = ++marks;
}

static void end_walk(Queue *queue)
{
    if (queue->ring != queue->few)
        PyMem_Free(queue->ring);
    PyMem_Free(queue->far.at);
}

static inline Node **place(Queue *queue, uint64_t serial) { return &queue->ring[serial & (queue->size - 1)]; }

static int widen(Queue *queue, uint64_t wanted)
{
    Queue wider = *queue;
    while (wider.size < wanted)
        wider.size *= 2;
    if (!(wider.ring = PyMem_Calloc(wider.size, sizeof(Node *)))) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint64_t i = 0; i < queue->size; i++)
        if (queue->ring[i])
            *place(&wider, queue->ring[i]->serial) = queue->ring[i];
    if (queue->ring != queue->few)
        PyMem_Free(queue->ring);
    queue->ring = wider.ring;
    queue->size = wider.size;
    return 0;
}

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
    uint64_t below = queue->next - v->serial; /* a huge number where it is later */
    if (below >= queue->size) {
        if (below > 8 * queue->seen + 1024)
            return push_far(&queue->far, v);
        if (widen(queue, below + 1) < 0)
            return -1;
    }
    *place(queue, v->serial) = v;
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
        queue->next = v->serial - 1; /* go on from there */
        queue->seen = 1;
        return v;
    }
    for (;; queue->next--) {
        if (queue->far.n && queue->far.at[0]->serial >= queue->next)
            return pop_far(&queue->far);
        Node **here = place(queue, queue->next), *v = *here;
        if (v) {
            *here = NULL;
            queue->near--;
            queue->next--;
            FETCH((char *)v - 1024); /* what was made before it lies there, mostly, and is soon to come */
            FETCH((char *)v - 1024 + 64);
            return v;
        }
    }
}

/* Whether this walk meets the node for the first time. */
static inline int is_new(Queue *queue, Node *v)
{
    if (v->mark == queue->mark)
        return 0;
    v->mark = queue->mark;
    return 1;
}

/* The outputs, a tuple, and every node below them, latest first: their parents, or if `recorded` all their operands. */
static int find_all(PyObject *outputs, int recorded, Nodes *found)
{
    Queue queue;
    int failed = 0;
    start_walk(&queue);
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
    Queue queue;
    Leaf *leaves = NULL; /* those met, with the gradient from before */
    size_t met = 0, room = 0;
    start_walk(&queue);
    queue.next = v->serial - 1;
    queue.seen = 1;
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
