"""The numbers in ImageFitTest: CRC-32 of what Pillow and torchvision's arithmetic make of small pictures.

Run with Pillow 12 installed; prints the rows of the test's table.
"""

import zlib

from PIL import Image

FILTERS = {"BILINEAR": Image.Resampling.BILINEAR, "BICUBIC": Image.Resampling.BICUBIC,
           "LANCZOS": Image.Resampling.LANCZOS}


def picture(width, height):
    pixels = bytes((7 * x * x + 13 * y * (c + 1) + x * y * (c + 2)) & 255
                   for y in range(height) for x in range(width) for c in range(3))
    return Image.frombytes("RGB", (width, height), pixels)


def cover(image, size, resample):
    short, long = sorted(image.size)
    length = int(size * long / short)
    width, height = (size, length) if image.width <= image.height else (length, size)
    image = image.resize((width, height), resample)
    left, top = int(round((width - size) / 2.0)), int(round((height - size) / 2.0))
    return image.crop((left, top, left + size, top + size))


def contain(image, size, resample):
    side = max(image.size)
    square = Image.new("RGB", (side, side))
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square.resize((size, size), resample)


def stretch(image, size, resample):
    return image.resize((size, size), resample)


for fit in (cover, contain, stretch):
    for width, height, size in ((37, 53, 16), (53, 37, 16), (40, 41, 24), (24, 25, 24), (27, 24, 24), (20, 31, 48),
                                (48, 48, 16), (16, 16, 16), (300, 5, 8)):
        for name, resample in FILTERS.items():
            if name != "BILINEAR" and (width, height) != (37, 53):
                continue
            result = fit(picture(width, height), size, resample)
            print(f'        "{fit.__name__.upper()},{name},{width},{height},{size},'
                  f'{zlib.crc32(result.tobytes()):08x}",')
