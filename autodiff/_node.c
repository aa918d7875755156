/* The node of value.py in C: numbers unboxed, up to two operands in line, no work for Python's garbage collector.

   value.py is the reference.  What is here is what it says, faster: cvalue.py makes the type and puts the other members
   of the Python class onto it, and whatever is unusual (an operand of another type, a function that is traced, a call
   that is an error) is handed to the Python code, so that there is one place for each rule and each message.

   Memory.  A node with up to two operands is one block of 112 bytes: 16 for the collector, 16 for Python's count of
   references and the type, then number, gradient, serial, mark, two edges, row and label.  An edge is an operand and the
   local derivative to it, or a constant.  More edges than two are in a block of their own.

   Ownership.  A node owns a reference to each operand, to its row and its label; nobody below owns a node above, so
   counting references frees a graph, node by node in a loop, however deep.  Nodes could be collected, but are tracked by
   the collector only where an operand is, or for a label that is no text: a subclass with attributes of its own may
   close a circle.  The collector, which would else go through every graph again and again, never sees one.

   The limited API of Python 3.10: one binary for every later version.  What it costs against the headers of one version
   is a call for each item of a list; the layout of Python's own objects is never relied on.

   The parts are included rather than compiled each by itself: so all is static, and calls between them are inlined. */

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
#define FETCH(address) ((void)(address))
#else
#define TRAILING_ZEROS __builtin_ctzll
#define FETCH __builtin_prefetch /* into the cache; no access, so the address may be anything */
#endif

#include "node/value.h"      /* what a node is */
#include "node/spares.h"     /* memory kept for the next graph */
#include "node/life.h"       /* making and freeing */
#include "node/edges.h"      /* recording */
#include "node/arithmetic.h" /* + - * / ** and functions of one number */
#include "node/sums.h"       /* exact sums */
#include "node/rules.h"      /* sum, mean, dot, logsumexp, softmax */
#include "node/sweep.h"      /* backward, zero_grad, the order of a graph */
#include "node/columns.h"    /* a graph as arrays */
#include "node/attributes.h" /* data, grad, op, operands, … */

#define FAST(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef methods[] = {
    {"backward", backward, METH_NOARGS, NULL},
    {"zero_grad", zero_grad, METH_NOARGS, NULL},
    {"set_edges", set_edges, METH_VARARGS, NULL},
    {"exp", node_exp, METH_NOARGS, NULL},
    {"log", node_log, METH_NOARGS, NULL},
    {"relu", node_relu, METH_NOARGS, NULL},
    {"tanh", node_tanh, METH_NOARGS, NULL},
    {NULL},
};

/* ---------------------------------------------------------------------------------------------------- the type */

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
    if (!(name_on_floats = PyUnicode_InternFromString("on_floats")))
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

/* -------------------------------------------------------------------------------------------------- the module */

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
