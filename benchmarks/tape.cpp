// A GPT on a scalar tape in C++, as small as it can be: what a port of microgpt to a compiled language looks like.
//
// Reads the numbers of the parameters and the tokens of some documents, trains over the documents again and again with
// Adam, and writes the loss of each step of the first round, and the seconds that a step took in the last.
// Compile with -DREAL=double or -DREAL=float.

#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

typedef REAL real;
constexpr int WIDTH = 16, HEADS = 4, SIZE = WIDTH / HEADS, CONTEXT = 16, TOKENS = 27;
constexpr int TABLES = (TOKENS + CONTEXT + TOKENS) * WIDTH, SQUARE = WIDTH * WIDTH, PARAMETERS = TABLES + 12 * SQUARE;

// The tape: node i has a value, a gradient, and at most two operands with a local derivative to each.
std::vector<real> value, slope, local0, local1;
std::vector<int> operand0, operand1;
typedef std::vector<int> Vector;

int node(real z, int x, real dx, int y = 0, real dy = 0) {
    value.push_back(z), operand0.push_back(x), local0.push_back(dx), operand1.push_back(y), local1.push_back(dy);
    return (int)value.size() - 1;
}
int add(int x, int y) { return node(value[x] + value[y], x, 1, y, 1); }
int mul(int x, int y) { return node(value[x] * value[y], x, value[y], y, value[x]); }
int scale(int x, real c) { return node(value[x] * c, x, c); }
int shift(int x, real c) { return node(value[x] + c, x, 1); }
int power(int x, real n) { real z = std::pow(value[x], n); return node(z, x, n * z / value[x]); }
int exponential(int x) { real z = std::exp(value[x]); return node(z, x, z); }
int logarithm(int x) { return node(std::log(value[x]), x, 1 / value[x]); }
int relu(int x) { return node(value[x] > 0 ? value[x] : 0, x, value[x] > 0); }

int dot(const int* x, const int* y, int n, int stride = 1) {
    int z = mul(x[0], y[0]);
    for (int i = 1; i < n; i++) z = add(z, mul(x[i], y[i * stride]));
    return z;
}
Vector linear(const Vector& x, int weights, int outputs) {  // the weights are nodes that follow each other
    Vector z, row(x.size());
    for (int j = 0; j < outputs; j++) {
        for (size_t i = 0; i < x.size(); i++) row[i] = weights + j * (int)x.size() + (int)i;
        z.push_back(dot(row.data(), x.data(), (int)x.size()));
    }
    return z;
}
Vector sums(Vector x, const Vector& y) {
    for (size_t i = 0; i < x.size(); i++) x[i] = add(x[i], y[i]);
    return x;
}
Vector normalised(Vector x) {
    int factor = power(shift(scale(dot(x.data(), x.data(), WIDTH), real(1) / WIDTH), real(1e-5)), real(-0.5));
    for (int& a : x) a = mul(a, factor);
    return x;
}
Vector softmax(Vector x) {
    real top = value[x[0]];
    for (int a : x) top = value[a] > top ? value[a] : top;
    for (int& a : x) a = exponential(shift(a, -top));
    int total = x[0];
    for (size_t i = 1; i < x.size(); i++) total = add(total, x[i]);
    int inverse = power(total, -1);
    for (int& a : x) a = mul(a, inverse);
    return x;
}
Vector rows(int first) {
    Vector x;
    for (int i = 0; i < WIDTH; i++) x.push_back(first + i);
    return x;
}
int loss(const std::vector<int>& tokens) {
    std::vector<Vector> keys, values;
    int n = (int)tokens.size() - 1 < CONTEXT ? (int)tokens.size() - 1 : CONTEXT, total = -1;
    for (int t = 0; t < n; t++) {
        Vector x = normalised(sums(rows(tokens[t] * WIDTH), rows((TOKENS + t) * WIDTH))), y = normalised(x), taken;
        Vector query = linear(y, TABLES, WIDTH);
        keys.push_back(linear(y, TABLES + SQUARE, WIDTH)), values.push_back(linear(y, TABLES + 2 * SQUARE, WIDTH));
        for (int h = 0; h < WIDTH; h += SIZE) {
            Vector scores;
            for (auto& key : keys) scores.push_back(scale(dot(&query[h], &key[h], SIZE), 1 / std::sqrt(real(SIZE))));
            Vector shares = softmax(scores);
            for (int i = h; i < h + SIZE; i++) {
                int z = mul(shares[0], values[0][i]);
                for (int s = 1; s <= t; s++) z = add(z, mul(shares[s], values[s][i]));
                taken.push_back(z);
            }
        }
        x = sums(linear(taken, TABLES + 3 * SQUARE, WIDTH), x);
        Vector hidden = linear(normalised(x), TABLES + 4 * SQUARE, 4 * WIDTH);
        for (int& a : hidden) a = relu(a);
        x = sums(linear(hidden, TABLES + 8 * SQUARE, WIDTH), x);
        int cost = scale(logarithm(softmax(linear(x, (TOKENS + CONTEXT) * WIDTH, TOKENS))[tokens[t + 1]]), -1);
        total = t ? add(total, cost) : cost;
    }
    return scale(total, real(1) / n);
}

int main() {
    int documents, rounds;
    std::vector<real> parameters(PARAMETERS), means(PARAMETERS), squares(PARAMETERS);
    for (real& p : parameters) { double x; if (scanf("%lf", &x) != 1) return 1; p = (real)x; }
    if (scanf("%d %d", &documents, &rounds) != 2) return 1;
    std::vector<std::vector<int>> texts(documents);
    for (auto& text : texts) {
        int n;
        if (scanf("%d", &n) != 1) return 1;
        text.resize(n);
        for (int& token : text) if (scanf("%d", &token) != 1) return 1;
    }
    double seconds = 0;
    for (int k = 0; k < documents * rounds; k++) {
        if (k == documents * (rounds - 1)) seconds = -std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
        value.assign(parameters.begin(), parameters.end());
        for (auto* column : {&local0, &local1}) column->assign(PARAMETERS, 0);
        for (auto* column : {&operand0, &operand1}) column->assign(PARAMETERS, 0);
        int last = loss(texts[k % documents]);
        if (k < documents) printf("%.17g\n", (double)value[last]);
        slope.assign(value.size(), 0);
        slope[last] = 1;
        for (int i = last; i >= PARAMETERS; i--) {
            slope[operand0[i]] += local0[i] * slope[i];
            slope[operand1[i]] += local1[i] * slope[i];
        }
        real rate = real(0.01) * (1 - real(k) / 1000), first = 1 - std::pow(real(0.85), k + 1), second = 1 - std::pow(real(0.99), k + 1);
        for (int i = 0; i < PARAMETERS; i++) {
            means[i] = real(0.85) * means[i] + real(0.15) * slope[i];
            squares[i] = real(0.99) * squares[i] + real(0.01) * slope[i] * slope[i];
            parameters[i] -= rate * (means[i] / first) / (std::sqrt(squares[i] / second) + real(1e-8));
        }
    }
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    printf("%.9g\n", seconds / documents);
}
