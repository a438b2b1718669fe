"""Answers of a file that `den export --dynamic` wrote: python answer.py emoji.onnx PRICE IMAGE...

Needs onnxruntime, numpy and Pillow, and nothing of this project. One image at a time, which is how the file saves time;
for several images, loop. A price of 0 is the network's own choice, a higher one saves work.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def prepared(path, task):
    """A picture as the network wants it: float32, (1, 3, size, size)."""
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, (task["background"],) * 3 + (255,)), image)
    image = image.convert("L" if task["grayscale"] else "RGB").convert("RGB")
    size, how = task["size"], {"resample": Image.Resampling.LANCZOS, "reducing_gap": 3.0}
    if task["crop_from"]:
        cut = min(image.size) * size / task["crop_from"]
        left, top = ((side - cut) / 2 for side in image.size)
        image = image.resize((size, size), box=(left, top, left + cut, top + cut), **how)
    else:
        scale = task["content_size"] / max(image.size)
        image = image.resize([max(1, round(side * scale)) for side in image.size], **how)
    canvas = Image.new("RGB", (size, size), (task["background"],) * 3)
    canvas.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    pixels = (np.asarray(canvas) / 255 - task["mean"]) / task["std"]
    return pixels.transpose(2, 0, 1)[None].astype(np.float32)


def main(file, price, *paths):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    task = json.loads(about["task"])
    for path in paths:
        given = {"image": prepared(path, task), "price": np.asarray(price, np.float32)}
        logits, structure, macs, early = session.run(None, given)
        shares = np.exp(logits[0] - logits[0].max())
        best = int(shares.argmax())
        ran = "answered early" if early[0] else "".join(map(str, structure[0]))
        share = int(macs[0]) / int(about["full_macs"])
        print(
            f"{path}: {task['class_names'][best]} ({shares[best] / shares.sum():.0%}), {ran}, {share:.0%} of the MACs"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
