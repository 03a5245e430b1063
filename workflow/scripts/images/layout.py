"""What the config says of the files of a data set: how they are laid out, and what is in them."""

import math
from dataclasses import dataclass, fields

import numpy as np

#: What is cut from the files of every data set, in this order.
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Layout:
    """The keys of an entry of `data` that its readers need.

    Attributes:
        name: of the data set, for messages.
        pixel_range: values of a black and of a white pixel.
        class_names: of the labels 0, 1, ...; or the words that stand for them in the files. Empty:
            numbers have no names, and words are numbered in alphabetical order.
        class_words: instead of them, the words that the tasks name; files must have no others.
        label: column (or array) of the labels, by name or by position from 0.
        image_shape: (rows, columns) as the image is to be seen; None for IDX, which says it.
        channels: values of a pixel, 3 for red, green and blue.
        channels_first: whether a file has all red values before all green ones.
        transposed: whether a file has an image column by column.
        header: whether the first row of a CSV file has the names of the columns.
        separator: between two values of a CSV file.
        ignore: columns that are neither label nor pixel.
    """

    name: str
    pixel_range: tuple[float, float] = (0, 255)
    class_names: tuple[str, ...] = ()
    class_words: tuple[str, ...] = ()
    label: str | int | None = None
    image_shape: tuple[int, int] | None = None
    channels: int = 1
    channels_first: bool = False
    transposed: bool = False
    header: bool = True
    separator: str = ","
    ignore: tuple[str | int, ...] = ()

    @classmethod
    def of_entry(cls, name: str, entry: dict) -> "Layout":
        """Take from an entry of `data` what is known here."""
        known = {field.name for field in fields(cls)} - {"name"}
        as_tuple = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
        return cls(name, **{key: as_tuple[key] for key in known & as_tuple.keys()})

    def key(self, key: str) -> str:
        """A key of the entry as messages name it."""
        return f"`data.{self.name}.{key}`"

    @property
    def shape_in_file(self) -> tuple[int, ...]:
        """The shape of one image, as the files of tables have it."""
        shape = self.image_shape[::-1] if self.transposed else self.image_shape
        if self.channels == 1:
            return shape
        return (self.channels, *shape) if self.channels_first else (*shape, self.channels)

    @property
    def values_of_image(self) -> int:
        """How many numbers one image is, in tables."""
        return math.prod(self.shape_in_file)

    @property
    def shapes_in_file(self) -> list[tuple[int, ...]]:
        """The shapes that an image may have in arrays and in nested lists: its own, or flat."""
        shapes = [self.shape_in_file, (self.values_of_image,)]
        if self.channels > 1:
            return shapes
        # The one channel may stand last (Keras) or first (PyTorch).
        return [*shapes, (*self.shape_in_file, 1), (1, *self.shape_in_file)]

    def upright(self, images: np.ndarray) -> np.ndarray:
        """Images as they are to be seen: (n, rows, columns), with a last axis if in colour.

        Args:
            images: (n, *shape_in_file).
        """
        if self.channels > 1 and self.channels_first:
            images = np.moveaxis(images, 1, -1)
        return images.swapaxes(1, 2) if self.transposed else images
