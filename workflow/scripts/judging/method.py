"""How statements are judged, in words: the one text of it, from which every page takes it."""

#: A blank line ends a paragraph; numbers in brackets are those of LITERATURE, from 1.
METHOD = """\
A statement of the report is measured by one or more readings of its words. A reading expects a \
number to lie in some region. Where the words are about these very numbers on these very images (a \
cell of a table, a proof, the one curve of a run without shuffling), the value decides. Otherwise \
a verdict must survive chance, of which there are two sources: the order of the mini-batches (the \
seeds) and the images, which are a sample. In the course of a training no image's score is kept: a \
mean over its last checks takes the spread over the images from the final weights, and what is \
said of the shape of a curve holds for the images as they are, and says so.

Over seeds, the unit is a run, or a pair of runs with the same seed, and the mean is tested by \
Student's t [1]. Beside it stands the sign-flip permutation test [2], which needs no normal \
distribution. Over images, the unit is an image that all models of a comparison see: fractions of \
one model have Wilson's interval [3] and an exact binomial test; two models are compared by \
McNemar's exact test of the images that only one of them gets right [4]; means of losses, and \
margins other than 0, by Student's t and the bootstrap [5]. Over both, seeds and images are \
crossed: the variance of the mean is that of the seeds' means plus that of the images' means, each \
with its own t, as Banerjee joins them [6], which stays cautious with few seeds; beside it stands \
the bootstrap that draws seeds and images at the same time [7].

A region with one bound has a two-sided test against it. That a number equals another, or lies \
between two, is shown by two one-sided tests, one for each end [8]; that it does not, by the \
nearer end. A series must change in the stated direction at every step: that it does needs every \
step's test [9], that it does not one step's, times the number of steps.

The p-values of the report's statements are one family, in which the same reading counts once, and \
are corrected by Holm's method [10]. Our own questions are another family, so that asking more \
changes no verdict on the report. A verdict needs the corrected p-values of both tests to be below \
one minus the confidence level; a resampling test with as small a p-value as it can show does not \
object. Intervals are for one reading at a time.

A reading with thresholds is judged again at every point of a stated grid of them, where the \
p-value of the point takes the place of the reading's in its family. It is called \
fragile if less than the stated share of the grid gives the same verdict. Each reading says \
whether it was fixed before or after a look at the results.

A statement is reproduced, or not, if all its readings are; it depends on the reading if one of \
them is and another is not. Not decidable: the tests do not decide, or what is asked does not \
exist in the results, of a reading at least, and no two others contradict each other. Not \
testable: nothing that could be run would tell. Not applicable: the configuration has no such \
runs."""

#: The literature that METHOD numbers.
LITERATURE = (
    "Student (1908), The probable error of a mean. Biometrika 6",
    "Fisher (1935), The Design of Experiments; Pitman (1937), Supplement to JRSS 4",
    "Wilson (1927), Probable inference, the law of succession, and statistical inference. JASA 22",
    "McNemar (1947), Note on the sampling error of the difference between correlated proportions. "
    "Psychometrika 12",
    "Efron and Tibshirani (1993), An Introduction to the Bootstrap",
    "Banerjee (1960), Approximate confidence interval for linear functions of means of k "
    "populations when the population variances are not equal. Sankhya 22",
    "Owen (2007), The pigeonhole bootstrap. Annals of Applied Statistics 1",
    "Schuirmann (1987), A comparison of the two one-sided tests procedure and the power approach. "
    "J. Pharmacokinetics and Biopharmaceutics 15",
    "Berger (1982), Multiparameter hypothesis testing and acceptance sampling. Technometrics 24",
    "Holm (1979), A simple sequentially rejective multiple test procedure. Scand. J. Statistics 6",
)
