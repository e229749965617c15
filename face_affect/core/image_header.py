# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Format and size of encoded images, read from their headers without decoding."""

from __future__ import annotations

from collections.abc import Callable
import re
import struct

# Magic number -> format
_MAGIC = (
    (b'\xff\xd8\xff', 'JPEG'),
    (b'\x89PNG\r\n\x1a\n', 'PNG'),
    (b'GIF87a', 'GIF'),
    (b'GIF89a', 'GIF'),
    (b'BM', 'BMP'),
    (b'II*\0', 'TIFF'),
    (b'MM\0*', 'TIFF'),
    (b'II+\0', 'TIFF'),
    (b'MM\0+', 'TIFF'),
    (b'\0\0\0\x0cjP  \r\n\x87\n', 'JPEG 2000'),
    (b'\xff\x4f\xff\x51', 'JPEG 2000'),
    (b'#?RADIANCE', 'Radiance HDR'),
    (b'#?RGBE', 'Radiance HDR'),
    (b'\x76\x2f\x31\x01', 'OpenEXR'),
)
HEADER = 32  # bytes that ``image_format`` needs
Size = tuple[int, int]


def image_format(data: bytes) -> str | None:
    """Return the format name of an image by its first ``HEADER`` bytes; None if unknown."""
    start = bytes(data[:HEADER])
    if start[:4] == b'RIFF' and start[8:12] == b'WEBP':
        return 'WebP'
    if start[4:8] == b'ftyp' and start[8:12] in (b'avif', b'avis', b'heic', b'heix', b'mif1'):
        return 'AVIF or HEIC'
    if re.match(rb'P[1-7]\s', start):
        return 'PNM'
    return next((name for magic, name in _MAGIC if start.startswith(magic)), None)


def _jpeg_size(data: bytes) -> Size:
    offset = 2
    while True:
        offset = data.index(b'\xff', offset) + 1
        marker = data[offset]
        offset += 1
        # Fill bytes, restart markers and stuffed zeros have no length field.
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            offset -= marker == 0xFF
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from('>HH', data, offset + 3)
            return width, height
        if marker in (0xD9, 0xDA):
            raise ValueError('no frame header')
        offset += struct.unpack_from('>H', data, offset)[0]


def _png_size(data: bytes) -> Size:
    if data[12:16] != b'IHDR':
        raise ValueError('no IHDR')
    width, height = struct.unpack_from('>II', data, 16)
    return width, height


def _bmp_size(data: bytes) -> Size:
    if struct.unpack_from('<I', data, 14)[0] == 12:  # OS/2
        width, height = struct.unpack_from('<HH', data, 18)
    else:
        width, height = struct.unpack_from('<ii', data, 18)
    return abs(width), abs(height)


def _webp_size(data: bytes) -> Size:
    kind = data[12:16]
    if kind == b'VP8X':
        width = int.from_bytes(data[24:27], 'little') + 1
        return width, int.from_bytes(data[27:30], 'little') + 1
    if kind == b'VP8L':
        bits = struct.unpack_from('<I', data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from('<HH', data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _pnm_size(data: bytes) -> Size:
    text = re.sub(rb'#[^\n]*', b'', data[:4096])
    if text.startswith(b'P7'):
        found = [re.search(name + rb'\s+(\d+)', text) for name in (b'WIDTH', b'HEIGHT')]
    else:
        found = [re.match(rb'P\d\s+(?:\d+\s+){%d}(\d+)' % skipped, text) for skipped in (0, 1)]
    width, height = (int(match[1]) for match in found if match)
    return width, height


def _tiff_size(data: bytes) -> Size:
    order = '<' if data[:2] == b'II' else '>'
    start = struct.unpack_from(f'{order}I', data, 4)[0]
    sizes = {}
    for number in range(struct.unpack_from(f'{order}H', data, start)[0]):
        offset = start + 2 + 12 * number
        tag, kind = struct.unpack_from(f'{order}HH', data, offset)
        if tag in (256, 257):
            code = 'H' if kind == 3 else 'I'
            sizes[tag] = struct.unpack_from(f'{order}{code}', data, offset + 8)[0]
    return sizes[256], sizes[257]


def _jpeg_2000_size(data: bytes) -> Size:
    if data[:4] == b'\xff\x4f\xff\x51':
        right, bottom, left, top = struct.unpack_from('>IIII', data, 8)
        return right - left, bottom - top
    height, width = struct.unpack_from('>II', data, data.index(b'ihdr') + 4)
    return width, height


_SIZES: dict[str, Callable[[bytes], Size]] = {
    'JPEG': _jpeg_size,
    'PNG': _png_size,
    'BMP': _bmp_size,
    'WebP': _webp_size,
    'PNM': _pnm_size,
    'TIFF': _tiff_size,
    'JPEG 2000': _jpeg_2000_size,
}


def image_size(data: bytes, name: str) -> Size:
    """Return width and height in pixels from the header of an image of format ``name``.

    Raises:
        ValueError: the header is incomplete, or the size of that format cannot be read.

    """
    try:
        return _SIZES[name](data)
    except (IndexError, KeyError, struct.error) as error:
        raise ValueError(f'cannot read the size in the {name} header: {error!r}') from error
