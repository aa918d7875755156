/* The exact sum, rounded once, as math.fsum has it. */

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

/* Add x to a sum: what rounding takes from it, exactly (Knuth's two-sum). */
static inline double two_sum(double *sum, double x)
{
    double before = *sum, after = before + x, part = after - before;
    *sum = after;
    return (before - (after - part)) + (x - part);
}

/* 0, or -1 and an error.  The running sum, and the sum of what rounding took from it, are nearly always enough to tell:
   if the lost parts, at either end of what they can come to, round to the same double.  Each of their n additions errs by
   at most ulp/2 of `bound`, which itself errs by less than half.  Else, at a tie mostly, see whether these additions were
   exact.  Infinities, what overflows on the way and the rare uncertain digit are summed as Python has it. */
static int sum_of(const double *numbers, size_t stride, Py_ssize_t n, double *result)
{
    double sum = 0.0, lost = 0.0, bound = 0.0, rest = 0.0;
    for (Py_ssize_t i = 0; i < n; i++) {
        double error = two_sum(&sum, numbers[i * stride]);
        lost += error;
        bound += fabs(error);
    }
    double error = (double)n * DBL_EPSILON * bound, low = sum + (lost - error), high = sum + (lost + error);
    if (low != high) {
        sum = lost = 0.0;
        for (Py_ssize_t i = 0; i < n; i++)
            rest += fabs(two_sum(&lost, two_sum(&sum, numbers[i * stride])));
        low = sum + lost;
    }
    *result = low + 0.0; /* a sum of zeros is 0, never -0 */
    if (rest == 0.0 && isfinite(low))
        return 0;
    PyObject *list = list_of(numbers, stride, n);
    int failed = as_double(list ? PyObject_CallFunctionObjArgs(given_exact_sum, list, NULL) : NULL, result);
    Py_XDECREF(list);
    return failed;
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
