/* Operations on any number of operands: sum, mean, dot, logsumexp, softmax.  What else there is calls its row. */

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

/* Numbers to work with, in `few` if there are at most 64. */
static double *numbers_for(Py_ssize_t n, double *few)
{
    double *numbers = n <= 64 ? few : PyMem_Malloc(n * sizeof(double));
    if (!numbers)
        PyErr_NoMemory();
    return numbers;
}

/* Σ wᵢ·xᵢ + b: to a weight its input, to an input its weight, to the bias 1. */
static int rule_dot(Edge *e, Py_ssize_t length, double *z)
{
    Py_ssize_t n = length / 2, biased = length % 2;
    double few[64], *products = numbers_for(n + biased, few);
    if (!products)
        return -1;
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

/* log Σ exp(xᵢ), whose derivatives are the shares of softmax */
static int rule_logsumexp(Edge *e, Py_ssize_t n, double *z)
{
    double few[64], top, sum, rest, *powers = numbers_for(n, few);
    int done = powers ? exp_shifted(e, n, powers, &top, &sum) : -1;
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
    if (powers != few)
        PyMem_Free(powers);
    return done;
}

/* The rows whose rules are here, and what of a row its rules are made of: where others are assigned to it, they hold. */
enum { SUM, MEAN, DOT, LOGSUMEXP, SOFTMAX, ROWS };
static struct { const char *name; Rule *rule; PyObject *op, *on_floats; } nary[ROWS] = {
    {"sum", rule_sum}, {"mean", rule_mean}, {"dot", rule_dot}, {"logsumexp", rule_logsumexp}, {"softmax", NULL},
};

static PyObject *name_on_floats;

static int is_as_written(int i)
{ /* -1 and an error if nobody can tell */
    PyObject *found = PyObject_GetAttr(nary[i].op, name_on_floats);
    Py_XDECREF(found);
    return found ? found == nary[i].on_floats : -1;
}

/* -------------------------------------------------------------------------------------------- called from Python */

static inline Py_ssize_t size_of(PyObject *x)
{ /* -1 if it is neither a list nor a tuple */
    return PyList_Check(x) ? PyList_Size(x) : PyTuple_Check(x) ? PyTuple_Size(x) : -1;
}

/* The result of a row whose rule gave `done`; None if that is left to Python. */
static PyObject *node_of(int fate, PyObject *op, double z, Operands *operands, int done)
{
    Node *v = done != 1 ? NULL : fate == LEAF ? leaf(z) : recorded(op, z);
    if (v && fate == RECORDED)
        return attach(v, operands);
    drop_operands(operands);
    if (done == 0)
        Py_RETURN_NONE;
    return (PyObject *)v;
}

static PyObject *reduce(PyObject *module, PyObject *const *args, Py_ssize_t count)
{ /* op, its operands in a list or tuple; None if that is left to Python */
    if (!takes("reduce", count, 2))
        return NULL;
    int row = 0, how = fate();
    while (row < SOFTMAX && args[0] != nary[row].op)
        row++;
    Py_ssize_t n = size_of(args[1]);
    if (row == SOFTMAX || n < 0 || how == UNUSUAL)
        Py_RETURN_NONE;
    double z = 0.0;
    Operands operands;
    if (make_operands(&operands, n) < 0)
        return NULL;
    int done = add_operands(&operands, args[1], n) && operands.values ? is_as_written(row) : 0;
    if (done == 1)
        done = nary[row].rule(operands.edges, n, &z);
    return node_of(how, args[0], z, &operands, done);
}

static PyObject *dot(PyObject *module, PyObject *const *args, Py_ssize_t count)
{ /* weights and inputs in lists or tuples, the bias or None; None if that is left to Python */
    if (!takes("dot", count, 3))
        return NULL;
    Py_ssize_t n = size_of(args[0]), biased = args[2] != Py_None;
    int how = fate();
    if (n < 0 || n != size_of(args[1]) || how == UNUSUAL)
        Py_RETURN_NONE;
    double z = 0.0;
    Operands operands;
    if (make_operands(&operands, 2 * n + biased) < 0)
        return NULL;
    int taken = add_operands(&operands, args[0], n) && add_operands(&operands, args[1], n)
        && (!biased || add_operand(&operands, args[2]));
    int done = taken && operands.values ? rule_dot(operands.edges, operands.count, &z) : 0;
    return node_of(how, nary[DOT].op, z, &operands, done);
}

/* Component i of a softmax: ∂pᵢ/∂xⱼ = -pᵢ·pⱼ, and pᵢ times the sum of the others. */
static PyObject *share(int fate, const Operands *xs, double *shares, Py_ssize_t i)
{
    double rest;
    Operands operands;
    if (fate == LEAF)
        return (PyObject *)leaf(shares[i]);
    if (make_operands(&operands, xs->count + 1) < 0)
        return NULL;
    int done = sum_of_others(shares, xs->count, i, &rest) < 0 ? -1 : 1;
    operands.edges[operands.count++] = (Edge){NULL, (double)i};
    for (Py_ssize_t j = 0; j < xs->count; j++) {
        const Edge *x = &xs->edges[j];
        double slope = j == i ? shares[i] * rest : -shares[i] * shares[j];
        Py_XINCREF(x->operand);
        operands.edges[operands.count++] = (Edge){x->operand, x->operand ? slope : x->number};
    }
    return node_of(fate, nary[SOFTMAX].op, shares[i], &operands, done);
}

static PyObject *softmax(PyObject *module, PyObject *xs)
{ /* what is in a list or tuple; None if that is left to Python */
    Py_ssize_t n = size_of(xs);
    int how = fate();
    if (n < 0 || how == UNUSUAL)
        Py_RETURN_NONE;
    Operands operands;
    if (make_operands(&operands, n) < 0)
        return NULL;
    PyObject *nodes = NULL;
    double few[64], top, sum, *shares = numbers_for(n, few);
    int done = !shares ? -1 : add_operands(&operands, xs, n) && operands.values ? is_as_written(SOFTMAX) : 0;
    if (done == 1)
        done = exp_shifted(operands.edges, n, shares, &top, &sum);
    if (done >= 0)
        nodes = done ? PyList_New(n) : Py_NewRef(Py_None);
    for (Py_ssize_t i = 0; done == 1 && i < n; i++)
        shares[i] /= sum;
    for (Py_ssize_t i = 0; done == 1 && nodes && i < n; i++) {
        PyObject *v = share(how, &operands, shares, i);
        if (!v || PyList_SetItem(nodes, i, v) < 0)
            Py_CLEAR(nodes);
    }
    if (shares != few)
        PyMem_Free(shares);
    drop_operands(&operands);
    return nodes;
}
