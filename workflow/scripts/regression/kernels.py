"""The inner loops of training, compiled by Numba when this module is imported.

Two facts about the data make these loops short:

* A pixel u in 0..255 enters as x = s u - 1, where the scale s is 2/255 if 255 is white, and four
  fifths of the pixels of a written digit are black, u = 0. So with r_i = (y_i - t_i) / n

      logits          z_i = s sum_j u_ij W_j + (W_bias - sum_j W_j)
      gradient    dC/dW_j = s sum_i u_ij r_i - sum_i r_i,    dC/dW_bias = sum_i r_i

  where only bright pixels need work: the second term is one vector for all images or pixels.
* A task has few classes, so a row of W fits a register or two. Weights therefore lie in *panels*:
  float64 (panels, p + 1, LANES), where column c of the weight matrix is lane c % LANES of panel
  c // LANES, and lanes beyond the last column are 0. The last row is the bias.

Logistic regression is softmax regression with two classes whose class 0 keeps the weights 0, since
exp(z) / (exp(0) + exp(z)) is the sigmoid. So the kernels know softmax only, and leave the columns
before `first_trained` alone.

The bright pixels of all images lie in one list, `bright`: uint32, 256 j + u for the pixel value u
at place j. Image i owns the entries starts[i]..starts[i + 1] - 1, an even number of them.

No "fast math" option is on: every sum has one order, which stands here, and every fused
multiply-add is asked for by name. So a result depends neither on the width of the processor's
vectors, nor on the number of cores, nor on how many weight matrices are evaluated together; and NaN
and infinity come through.

The kernels allocate nothing and hold no lock of Python's: several trainings run at a time, on
threads of one process. The compiled code is kept in `__pycache__`.
"""

import math

import numpy as np
from llvmlite import ir
from numba import boolean, float64, int64, njit, types, uint32, void
from numba.extending import intrinsic, models, register_model

#: Lanes of the vectors: two cache lines, so that one bright pixel serves 16 columns.
LANES = 16

#: Shuffled images lie anywhere in memory; so many images ahead, their pixels are asked for.
AHEAD = 2


def kernel(*signature):
    """Compile a function for one signature, now, or load it as it was compiled before."""
    return njit(void(*signature), error_model="numpy", nogil=True, cache=True)


# --- vectors of LANES numbers ---------------------------------------------------------------------


class VectorType(types.Type):
    """Numba's name for LANES float64 that live in registers."""

    def __init__(self):
        """There is only one such type."""
        super().__init__(name="Vector")


VECTOR = VectorType()
LLVM_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


@register_model(VectorType)
class VectorModel(models.PrimitiveModel):
    """Represents it by LLVM's own vector type."""

    def __init__(self, manager, numba_type):
        """Map the Numba type to the LLVM type."""
        super().__init__(manager, numba_type, LLVM_VECTOR)


@intrinsic
def zeros(typing_context):
    """The vector of zeros."""

    def generate(context, builder, signature, arguments):
        return ir.Constant(LLVM_VECTOR, [0.0] * LANES)

    return VECTOR(), generate


@intrinsic
def add(typing_context, a, b):
    """The vector a + b."""

    def generate(context, builder, signature, arguments):
        return builder.fadd(*arguments)

    return VECTOR(VECTOR, VECTOR), generate


@intrinsic
def multiply_add(typing_context, factor, vector, total):
    """The vector factor * vector + total, rounded once; the factor is a number."""

    def generate(context, builder, signature, arguments):
        factor, vector, total = arguments
        index = ir.IntType(32)
        undefined = ir.Constant(LLVM_VECTOR, ir.Undefined)
        lane_0 = builder.insert_element(undefined, factor, index(0))
        all_from_lane_0 = ir.Constant(ir.VectorType(index, LANES), [0] * LANES)
        factors = builder.shuffle_vector(lane_0, undefined, all_from_lane_0)
        fused_type = ir.FunctionType(LLVM_VECTOR, [LLVM_VECTOR] * 3)
        fused = builder.module.declare_intrinsic(f"llvm.fma.v{LANES}f64", (), fused_type)
        return builder.call(fused, [factors, vector, total])

    return VECTOR(float64, VECTOR, VECTOR), generate


def _row_pointer(context, builder, signature, arguments):
    """Address of row arguments[1] of the C-contiguous (rows, LANES) array arguments[0]."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    row = context.cast(builder, arguments[1], signature.args[1], types.intp)
    first_lane = builder.gep(array.data, [builder.mul(row, row.type(LANES))])
    return builder.bitcast(first_lane, LLVM_VECTOR.as_pointer())


@intrinsic
def load(typing_context, array, row):
    """The vector in a row of a C-contiguous float64 (rows, LANES) array; bounds unchecked."""

    def generate(context, builder, signature, arguments):
        return builder.load(_row_pointer(context, builder, signature, arguments), align=8)

    return VECTOR(array, row), generate


@intrinsic
def store(typing_context, array, row, vector):
    """Write a row of a C-contiguous float64 (rows, LANES) array; bounds unchecked."""

    def generate(context, builder, signature, arguments):
        pointer = _row_pointer(context, builder, signature, arguments)
        builder.store(arguments[2], pointer, align=8)
        return context.get_dummy_value()

    return void(array, row, VECTOR), generate


@intrinsic
def prefetch(typing_context, array, index):
    """Ask for the cache line of an element of a C-contiguous array of one dimension."""

    def generate(context, builder, signature, arguments):
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        element = builder.gep(array.data, [arguments[1]])
        byte_pointer = ir.IntType(8).as_pointer()
        arguments_type = [byte_pointer] + [ir.IntType(32)] * 3
        prefetch_type = ir.FunctionType(ir.VoidType(), arguments_type)
        function = builder.module.declare_intrinsic("llvm.prefetch.p0", (), prefetch_type)
        read, keep, data = (ir.Constant(ir.IntType(32), number) for number in (0, 3, 1))
        builder.call(function, [builder.bitcast(element, byte_pointer), read, keep, data])
        return context.get_dummy_value()

    return void(array, int64), generate


# --- exponentials ---------------------------------------------------------------------------------


@intrinsic
def bits_of(typing_context, number):
    """The 64 bits of a float64, as an integer."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return int64(float64), generate


@intrinsic
def float_of(typing_context, bits):
    """The float64 that has these 64 bits."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return float64(int64), generate


#: Adding this to a small number rounds it to a whole one, which then stands in the lowest bits.
ROUNDER = 1.5 * 2.0**52
LOG2_E = 1.0 / math.log(2.0)
#: ln 2 in two parts; the first has 32 bits, so that its products with small integers are exact.
LN_2_HIGH = float.fromhex("0x1.62e42feep-1")
LN_2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
#: 1/12!, 1/11!, ..., 1/1!, 1/0!.
TAYLOR = tuple(1.0 / math.factorial(n) for n in range(12, -1, -1))


@njit
def exp_of_nonpositive(x):
    """exp(x) for x <= 0, right to 2 units in the last place; NaN for NaN; below -708, exp(-708).

    With k the whole number nearest to x / ln 2 and r = x - k ln 2, exp(x) = 2^k exp(r), where
    |r| < 0.35, so that the Taylor series up to r^12 suffices. It has no branch and no call, so that
    a loop of it becomes vector code; the C library's exp takes five times as long.
    """
    x = -708.0 if x < -708.0 else x
    rounded = x * LOG2_E + ROUNDER
    k = rounded - ROUNDER
    r = (x - k * LN_2_HIGH) - k * LN_2_LOW
    series = TAYLOR[0]
    for coefficient in TAYLOR[1:]:
        series = series * r + coefficient
    # The exponent field of a float64 begins at bit 52 and holds k + 1023.
    return series * float_of((bits_of(rounded) + 1023) << 52)


# --- logits and losses ----------------------------------------------------------------------------


@njit
def logits_of_black_image(panel):
    """The vector W_bias - sum_j W_j."""
    bias = panel.shape[0] - 1
    total = zeros()
    for j in range(bias):
        total = add(total, load(panel, j))
    return multiply_add(-1.0, total, load(panel, bias))


@njit
def sum_of_bright_pixels(panel, bright, first, last):
    """The vector sum_j u_j W_j over the entries first..last - 1 of the list.

    There are two sums, because a sum must wait for its last term before it takes the next. The
    unsigned numbers spare Python's rule for negative indices.
    """
    even, odd = zeros(), zeros()
    one = np.uint64(1)
    for entry in range(np.uint64(first), np.uint64(last), np.uint64(2)):
        pixel = bright[entry]
        even = multiply_add(float(pixel & 255), load(panel, pixel >> 8), even)
        pixel = bright[entry + one]
        odd = multiply_add(float(pixel & 255), load(panel, pixel >> 8), odd)
    return add(even, odd)


@njit
def prefetch_pixels(bright, first, last):
    """Ask for the cache lines (16 entries each) of the list's entries first..last - 1."""
    for entry in range(first, last, 16):
        prefetch(bright, entry)


@njit
def logits(weights, starts, bright, scale, images, z, row):
    """Logits of some images, for every column of the weights.

    Args:
        weights: float64 (panels, p + 1, LANES).
        starts: where each image's bright pixels begin.
        bright: the images' bright pixels.
        scale: difference of two features whose pixels differ by 1.
        images: int64 (n,), numbers of the images.
        z: float64 (panels * LANES, >= n), written.
        row: float64 (1, LANES), to work in.
    """
    for q in range(len(weights)):
        black = logits_of_black_image(weights[q])
        for i in range(len(images)):
            if q == 0 and i + AHEAD < len(images):
                prefetch_pixels(bright, starts[images[i + AHEAD]], starts[images[i + AHEAD] + 1])
            first, last = starts[images[i]], starts[images[i] + 1]
            bright_part = sum_of_bright_pixels(weights[q], bright, first, last)
            store(row, 0, multiply_add(scale, bright_part, black))
            for lane in range(LANES):
                z[q * LANES + lane, i] = row[0, lane]


@njit
def rank(z, first, last, n, best, runner_up, predicted):
    """Find each image's two largest logits, and the first class that has the largest.

    Args:
        z: float64 (rows, >= n), logits; the classes are the rows first..last - 1.
        first: the row of the first class.
        last: the row after that of the last class.
        n: number of images.
        best: float64 (>= n,), written: the largest logit.
        runner_up: float64 (>= n,), written: the second largest.
        predicted: float64 (>= n,), written: the class, counted from `first`.
    """
    for i in range(n):
        best[i] = z[first, i]
        runner_up[i] = -math.inf
        predicted[i] = 0.0
    for row in range(first + 1, last):
        for i in range(n):
            larger = z[row, i] > best[i]
            smaller_of_both = best[i] if larger else z[row, i]
            runner_up[i] = smaller_of_both if smaller_of_both > runner_up[i] else runner_up[i]
            best[i] = z[row, i] if larger else best[i]
            predicted[i] = float(row - first) if larger else predicted[i]


@njit
def sum_of_losses(z, first, last, n, best, targets, exp_sum):
    """The images' cross-entropies -ln y_t summed, by the log-sum-exp of shifted logits.

    Args:
        z: float64 (rows, >= n), logits; in the rows first..last - 1, the classes, overwritten by
            exp(z - best).
        first: the row of the first class.
        last: the row after that of the last class.
        n: number of images.
        best: float64 (>= n,), each image's largest logit.
        targets: int64 (n,), class numbers, counted from `first`.
        exp_sum: float64 (>= n,), written: the sum of exp(z - best) over the classes.
    """
    total = 0.0
    for i in range(n):
        total += best[i] - z[first + targets[i], i]
        exp_sum[i] = 0.0
    for row in range(first, last):
        for i in range(n):
            z[row, i] = exp_of_nonpositive(z[row, i] - best[i])
            exp_sum[i] += z[row, i]
    for i in range(n):
        total += math.log(exp_sum[i])
    return total


# --- gradient -------------------------------------------------------------------------------------


@njit
def update(panel, decay, pull, starts, bright, scale, images):
    """W_j <- decay W_j + sum_i x_ij pull_i for the pixels j, x = s u - 1, and the bias, x = 1.

    Args:
        panel: float64 (p + 1, LANES), updated.
        decay: number.
        pull: float64 (n, LANES).
        starts: where each image's bright pixels begin.
        bright: the images' bright pixels.
        scale: difference of two features whose pixels differ by 1.
        images: int64 (n,), numbers of the images.
    """
    total = zeros()
    for i in range(len(images)):
        total = add(total, load(pull, i))
    minus_total = multiply_add(-1.0, total, zeros())
    bias = panel.shape[0] - 1
    for j in range(bias):
        store(panel, j, multiply_add(decay, load(panel, j), minus_total))
    store(panel, bias, multiply_add(decay, load(panel, bias), total))

    for i in range(len(images)):
        scaled_pull = multiply_add(scale, load(pull, i), zeros())
        for entry in range(np.uint64(starts[images[i]]), np.uint64(starts[images[i] + 1])):
            pixel = bright[entry]
            j = pixel >> 8
            store(panel, j, multiply_add(float(pixel & 255), scaled_pull, load(panel, j)))


# --- the kernels ----------------------------------------------------------------------------------


@kernel(types.Array(types.uint8, 2, "C", readonly=True), int64[::1], uint32[::1])
def list_bright_pixels(pixels, starts, bright):
    """List the pixels that are not black.

    Args:
        pixels: uint8 (n, p), p < 2**24.
        starts: int64 (n + 1,), written.
        bright: uint32, as long as there are pixels, written. A list of odd length ends with a 0,
            which adds nothing: value 0 at place 0.
    """
    entry = 0
    for i in range(pixels.shape[0]):
        starts[i] = entry
        for j in range(pixels.shape[1]):
            if pixels[i, j] != 0:
                bright[entry] = 256 * j + pixels[i, j]
                entry += 1
        if entry % 2:
            bright[entry] = 0
            entry += 1
    starts[pixels.shape[0]] = entry


@kernel(
    float64[:, :, ::1],
    int64,
    int64,
    int64[::1],
    uint32[::1],
    float64,
    int64[:, ::1],
    int64[:, ::1],
    float64[::1],
    float64,
    float64[::1],
    float64[:, ::1],
    float64[:, :, ::1],
    float64[:, ::1],
    float64[:, ::1],
)
def descend(
    weights,
    class_count,
    first_trained,
    starts,
    bright,
    scale,
    batches,
    targets,
    rates,
    l2_lambda,
    losses,
    z,
    pull,
    scratch,
    row,
):
    """Take one step of gradient descent for each mini-batch.

    W <- W - lr (dC/dW + 2 lambda W) = (1 - 2 lr lambda) W - lr dC/dW.

    Args:
        weights: float64 (panels, p + 1, LANES), updated.
        class_count: columns of the weight matrix.
        first_trained: the columns before this one keep their weights.
        starts: where each training image's bright pixels begin.
        bright: the training images' bright pixels.
        scale: difference of two features whose pixels differ by 1.
        batches: int64 (steps, n), numbers of the images in each batch.
        targets: int64 (steps, n), their class numbers.
        rates: float64 (steps,), lr of each step.
        l2_lambda: lambda.
        losses: float64 (steps,), written: C of each batch before its update.
        z: float64 (panels * LANES, n), to work in.
        pull: float64 (panels, n, LANES), to work in; zeros at first.
        scratch: float64 (4, n), to work in.
        row: float64 (1, LANES), to work in.
    """
    steps, n = batches.shape
    best, runner_up, predicted, exp_sum = scratch[0], scratch[1], scratch[2], scratch[3]

    for step in range(steps):
        decay = 1.0 - 2.0 * rates[step] * l2_lambda
        rate = -rates[step] / n
        logits(weights, starts, bright, scale, batches[step], z, row)
        rank(z, 0, class_count, n, best, runner_up, predicted)
        losses[step] = sum_of_losses(z, 0, class_count, n, best, targets[step], exp_sum) / n
        # An image pulls the weights by -lr (y - t) / n, where y = exp(z - best) / exp_sum.
        for c in range(first_trained, class_count):
            for i in range(n):
                residual = z[c, i] / exp_sum[i] - (targets[step, i] == c)
                pull[c // LANES, i, c % LANES] = rate * residual
        for q in range(len(weights)):
            update(weights[q], decay, pull[q], starts, bright, scale, batches[step])


@kernel(
    float64[:, :, ::1],
    int64,
    int64[::1],
    uint32[::1],
    float64,
    int64[::1],
    int64[::1],
    int64,
    float64[::1],
    boolean[:, ::1],
    float64[:, ::1],
    float64[:, ::1],
    float64[:, ::1],
    float64[:, ::1],
)
def evaluate(
    weights,
    class_count,
    starts,
    bright,
    scale,
    images,
    targets,
    want_losses,
    losses,
    correct,
    margins,
    z,
    scratch,
    row,
):
    """Judge several weight matrices, side by side in the panels, on some images.

    Args:
        weights: float64 (panels, p + 1, LANES); matrix m has the columns from m class_count on.
        class_count: columns of one weight matrix.
        starts: where each image's bright pixels begin.
        bright: the images' bright pixels.
        scale: difference of two features whose pixels differ by 1.
        images: int64 (n,), numbers of the images to judge.
        targets: int64 (n,), their class numbers.
        want_losses: 0 or 1; losses need exponentials.
        losses: float64 (matrices,), written: the sum of the images' losses.
        correct: bool (matrices, n), written: whether the predicted class is the target.
        margins: float64 (matrices, n), written: the largest logit minus the second largest.
        z: float64 (panels * LANES, tile), to work in: the logits of so many images at a time.
        scratch: float64 (4, tile), to work in.
        row: float64 (1, LANES), to work in.
    """
    best, runner_up, predicted, exp_sum = scratch[0], scratch[1], scratch[2], scratch[3]
    tile = z.shape[1]
    for m in range(len(losses)):
        losses[m] = 0.0
    for start in range(0, len(images), tile):
        n = min(tile, len(images) - start)
        tile_targets = targets[start : start + n]
        logits(weights, starts, bright, scale, images[start : start + n], z, row)
        for m in range(len(losses)):
            first, last = m * class_count, (m + 1) * class_count
            rank(z, first, last, n, best, runner_up, predicted)
            for i in range(n):
                correct[m, start + i] = predicted[i] == tile_targets[i]
                margins[m, start + i] = best[i] - runner_up[i]
            if want_losses:
                losses[m] += sum_of_losses(z, first, last, n, best, tile_targets, exp_sum)


@kernel(
    float64[:, :, ::1],
    int64[::1],
    uint32[::1],
    float64,
    int64[::1],
    float64[:, ::1],
    float64[:, ::1],
)
def multiply(weights, starts, bright, scale, images, z, row):
    """Z = X W for the features X of some images; see `logits`.

    Args:
        weights: float64 (panels, p + 1, LANES).
        starts: where each image's bright pixels begin.
        bright: the images' bright pixels.
        scale: difference of two features whose pixels differ by 1.
        images: int64 (n,), numbers of the images.
        z: float64 (panels * LANES, n), written: Z transposed.
        row: float64 (1, LANES), to work in.
    """
    logits(weights, starts, bright, scale, images, z, row)


@kernel(
    float64[:, :, ::1],
    int64[::1],
    uint32[::1],
    float64,
    int64[::1],
    float64[:, :, ::1],
)
def multiply_transposed(products, starts, bright, scale, images, factors):
    """X^T R for the features X of some images; see `update`.

    Args:
        products: float64 (panels, p + 1, LANES), written: X^T R.
        starts: where each image's bright pixels begin.
        bright: the images' bright pixels.
        scale: difference of two features whose pixels differ by 1.
        images: int64 (n,), numbers of the images.
        factors: float64 (panels, n, LANES), R.
    """
    for q in range(len(products)):
        update(products[q], 0.0, factors[q], starts, bright, scale, images)
