r"""
5. Handwritten digits
=====================

MNIST is 70,000 handwritten digits, and the first data set of many courses. A network with one
hidden layer learns to read them as a Keras user would write it; then a small convolutional
network does it better. At the end one sees what they get wrong.
"""

import matplotlib.pyplot as plt

import ndtape as nt
from ndtape import nn

nt.random.seed(0)

# %%
# The data
# --------
#
# :func:`ndtape.data.datasets.mnist` reads the four files from the folder that the environment
# variable ``NDTAPE_MNIST`` names, or downloads them once. Where neither can be, the 1797 smaller
# digits that come with scikit-learn take their place: all that follows is the same, with more
# epochs since there are fewer images.

try:
    train, test = nt.data.datasets.mnist()
    name, dense_epochs, convolutional_epochs = "MNIST", 5, 4
except nt.data.datasets.DataError as error:
    print(f"MNIST is not here: {error}")
    print("These are the digits of scikit-learn instead.")
    train, test = nt.data.datasets.digits()
    name, dense_epochs, convolutional_epochs = "digits", 40, 60

x, y = train
x_test, y_test = test
print(f"{name}: images {x.shape} and {x_test.shape}, {x.dtype} from {nt.min(x)} to {nt.max(x)}")

# %%
# A network in the Keras style
# ----------------------------
#
# ``Flatten`` makes a row of each image. Then a layer of 512 units, which are 0 where their
# weighted sum is negative, and a layer with a score for each of the ten digits.

side = x.shape[1]
dense = nn.Sequential(
    nn.Flatten(),
    nn.Linear(side * side, 512),
    nn.ReLU(),
    nn.Linear(512, 10),
)
dense.summary((1, side, side))

# %%
# ``compile`` says how to learn: RMSprop, the cross-entropy of the scores, and the share of right
# answers to look at. ``fit`` goes over the images, 128 at a time; after each epoch it also
# measures on images that were held out.

dense.compile(optimizer="rmsprop", loss="cross_entropy", metrics=["accuracy"])
dense_history = dense.fit(
    x, y, epochs=dense_epochs, batch_size=128, validation_data=test, verbose=0
)
dense_accuracy = dense.evaluate(x_test, y_test)["accuracy"]
print(f"dense network: {dense_accuracy:.2%} of the test images are right")

# %%
# ``predict`` gives scores; softmax makes probabilities of them.

probabilities = nt.softmax(dense.predict(x_test[:3]))
for label, p in zip(y_test[:3].tolist(), probabilities, strict=True):
    print(f"it is {label}; the network says {nt.argmax(p)} with probability {nt.max(p).item():.4f}")

# %%
# A small convolutional network
# -----------------------------
#
# The dense network does not know that pixels have neighbours. A *convolution* does: it looks at 3
# by 3 pixels at a time, with the same weights everywhere, for 16 features, then 32. *Pooling*
# keeps the largest value of every two by two. Any function can be a layer; the first one gives
# the images a channel.

convolutional = nn.Sequential(
    lambda images: images[:, None],
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(32 * (side // 4) ** 2, 128),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(128, 10),
)
convolutional.summary((1, side, side))

# %%
# Adam, with a learning rate that rises and falls once over the whole training. A callback moves
# it after every batch.

optimizer = nt.optim.Adam(convolutional.parameters(), 3e-3)
steps = convolutional_epochs * -(-len(x) // 128)
cycle = nn.callbacks.LearningRate(nt.optim.OneCycleSchedule(optimizer, steps), every="batch")
convolutional.compile(optimizer, "cross_entropy", ["accuracy"])
convolutional_history = convolutional.fit(
    x, y, convolutional_epochs, 128, validation_data=test, callbacks=[cycle], verbose=0
)
convolutional_accuracy = convolutional.evaluate(x_test, y_test)["accuracy"]
print(f"convolutional network: {convolutional_accuracy:.2%} of the test images are right")

# %%
# Learning curves
# ---------------
#
# ``fit`` returns a :class:`~ndtape.nn.callbacks.History`; its ``plot`` draws the curves, or one
# takes the numbers. If the loss goes on falling for the images learned from, and rises for those
# held out, the network has begun to learn them by heart.

figure, panels = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for title, history, color in (
    ("dense", dense_history, "tab:blue"),
    ("convolutional", convolutional_history, "tab:red"),
):
    for axes, what in zip(panels, ("loss", "accuracy"), strict=True):
        values, held_out = history.history[what], history.history[f"val_{what}"]
        epochs = range(1, len(values) + 1)
        axes.plot(epochs, values, "--", color=color, label=f"{title}, training")
        axes.plot(epochs, held_out, color=color, label=f"{title}, held out")
        axes.set(title=what, xlabel="epoch")
panels[0].set_yscale("log")
panels[1].set_ylim(0.9, 1.002)
panels[1].legend()
plt.show()

# %%
# Confusion matrix
# ----------------
#
# Which digits are taken for which? Row: what it is; column: what was said. Right answers are on
# the diagonal.

predicted = nt.argmax(convolutional.predict(x_test), axis=1)
confusion = nt.reshape(nt.bincount(10 * y_test + predicted, minlength=100), (10, 10))
print(confusion)
print("on the diagonal:", nt.trace(confusion), "of", len(y_test))

figure, axes = plt.subplots(figsize=(4.6, 4.4), layout="constrained")
axes.imshow(nt.log1p(nt.astype(confusion, nt.float32)), cmap="Blues")
for i in range(10):
    for j in range(10):
        if count := confusion[i, j].item():
            color = "white" if i == j else "black"
            axes.text(j, i, count, ha="center", va="center", fontsize=8, color=color)
axes.set(xlabel="said", ylabel="is", xticks=range(10), yticks=range(10), title="test images")
plt.show()

# %%
# The picture: misclassified digits
# ---------------------------------
#
# The first of the images that both networks, or one of them, got wrong; most are hard for people
# as well.

by_dense = nt.argmax(dense.predict(x_test), axis=1)
wrong = nt.flatnonzero((predicted != y_test) | (by_dense != y_test))
in_both = nt.count_nonzero((predicted != y_test) & (by_dense != y_test))
print(f"{len(wrong)} images that some network got wrong, {in_both} that both did")

figure, panels = plt.subplots(3, 8, figsize=(11, 5), layout="constrained")
for axes in panels.flat:
    axes.axis("off")
for axes, i in zip(panels.flat, wrong.tolist(), strict=False):
    axes.imshow(x_test[i], cmap="gray_r")
    axes.set_title(f"is {y_test[i]}\ndense {by_dense[i]}, conv. {predicted[i]}", fontsize=8)
figure.suptitle(
    f"{name}: dense {dense_accuracy:.2%}, convolutional {convolutional_accuracy:.2%} right"
)
plt.show()
