"""Files that are refused, raw files, and what other formats cannot hold."""

import errno
import os
import subprocess
import sys
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from restorelab.io import extras, photo_files
from restorelab.io.frames import Frames
from restorelab.io.metadata import Metadata
from restorelab.io.opening import PIXEL_LIMIT_VARIABLE
from restorelab.io.photo import Photo
from restorelab.io.photo_files import (
    ImageReadError,
    check_photo_extension,
    read_frames,
    read_photo,
    result_extension,
    write_frames,
    write_photo,
)
from restorelab.io.png import chunks_of
from tests.io.image_cases import DEPTHS, PLACES
from tests.io.photo_cases import (
    ADOBE_RGB,
    CASES,
    COLOR,
    IPTC,
    MAKER_NOTE,
    P3,
    SRGB,
    XMP,
    animation,
    cmyk_profile,
    dng,
    exif,
    levels,
    pillow,
    png,
    ramp,
    segment,
    tiff,
)
from tests.io.photo_facts import facts_of

FULL = next(case for case in CASES if case.name == 'JPEG with all that a camera writes')
REFUSED = [case for case in [*DEPTHS, *PLACES] if case.words]
# Photos of floats of other sizes become float32, which images for training do not.
REFUSED = [case for case in REFUSED if case.name not in ('float16', 'float64')]


@pytest.mark.parametrize('case', REFUSED, ids=lambda case: case.name)
def test_what_images_refuse_photos_refuse_in_the_same_words(tmp_path, monkeypatch, case):
    for name, value in case.variables.items():
        monkeypatch.setenv(name, value)
    path = case.make(tmp_path)
    with pytest.raises(ImageReadError, match=case.words):
        read_photo(path)


@pytest.mark.parametrize('case', CASES, ids=lambda case: case.name)
def test_a_truncated_file_is_refused(tmp_path, monkeypatch, case):
    for name, value in case.variables.items():
        monkeypatch.setenv(name, value)
    path = case.make(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 3])
    with pytest.raises(ImageReadError, match=f'^{path}: '):
        read_frames(path)


@pytest.mark.parametrize('name', ['JPEG 4:4:4', 'TIFF of 16 bits', 'PNG of 16 bits', 'HEIC'])
def test_a_bomb_is_refused(tmp_path, monkeypatch, name):
    path = next(case for case in CASES if case.name == name).make(tmp_path)
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', Image.MAX_IMAGE_PIXELS)
    monkeypatch.setenv(PIXEL_LIMIT_VARIABLE, '500')
    with pytest.raises(ImageReadError, match=f'decompression bomb.*{PIXEL_LIMIT_VARIABLE}'):
        read_photo(path)


@pytest.mark.parametrize(
    ('make', 'words'),
    [
        (animation('a.gif'), 'has 3 frames, wanted is one picture; tools/restore.py takes the'),
        (tiff(COLOR, COLOR, photometric='rgb'), 'has 2 pages, wanted is one picture'),
    ],
)
def test_several_pictures_are_not_read_as_one(tmp_path, make, words):
    with pytest.raises(ImageReadError, match=words):
        read_photo(make(tmp_path))


@pytest.mark.parametrize('name', ['a.dng', 'a.tif', 'a.jpg'])
def test_a_raw_file_is_developed_whatever_its_name_is(tmp_path, name):
    photo = read_photo(dng(name)(tmp_path))
    assert photo.format == 'RAW'
    assert photo.samples.shape == (96, 64, 3)  # the sensor's 64x96, turned; the preview is 16x24
    assert photo.samples.dtype == np.uint16
    green = photo.samples[:, 32, 1].astype(int)
    assert green[-8] > green[48] > green[8]  # the ramp that the sensor saw
    linear = 48 / 95  # of the brightest column, by the ramp of the sensor
    assert abs(green[48] / 65535 - (1.055 * linear ** (1 / 2.4) - 0.055)) < 0.02
    assert photo.lost == ('raw data', 'embedded preview')
    assert write_photo(tmp_path / 'b.tif', photo) == ()
    found = facts_of(tmp_path / 'b.tif')
    assert found['exif'] == {271: 'Maker', 305: 'tifffile.py'}
    assert found.get('orientation', 1) == 1


@pytest.mark.parametrize(
    ('module', 'make'), [('rawpy', dng('a.dng')), ('rawpy', dng('a.tif')), ('pillow_heif', None)]
)
def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch, module, make):
    make = make or next(case for case in CASES if case.name == 'HEIC').make
    path = make(tmp_path)
    found = extras.find_spec
    monkeypatch.setattr(extras, 'find_spec', lambda name: None if name == module else found(name))
    with pytest.raises(ImageReadError, match=r'pip install restorelab\[photos\]'):
        read_photo(path)
    needed = extras.needed_extras()
    assert ('.dng' in needed, '.heic' in needed) == (module == 'rawpy', module == 'pillow_heif')
    if module == 'pillow_heif':
        with pytest.raises(ValueError, match=r'pip install restorelab\[photos\]'):
            check_photo_extension('a.heic')


def test_with_the_extra_its_extensions_are_read():
    assert photo_files.NEEDED_EXTRAS == {}
    assert {'.heic', '.dng', '.cr3', '.jpg', '.avif'} <= set(photo_files.PHOTO_READ_EXTENSIONS)
    assert {'.heic', '.jpg', '.avif', '.gif'} <= set(photo_files.PHOTO_WRITE_EXTENSIONS)
    assert '.dng' not in photo_files.PHOTO_WRITE_EXTENSIONS


@pytest.mark.parametrize(
    ('name', 'wanted'),
    [
        ('a.jpg', '.jpg'),
        ('a.JPG', '.JPG'),
        ('a.heic', '.heic'),
        ('a.gif', '.gif'),
        ('a.NEF', '.tif'),
        ('a.pgm', '.png'),
        ('a.ppm', '.png'),
        ('a', '.png'),
    ],
)
def test_the_extension_of_a_result(name, wanted):
    assert result_extension(name) == wanted


LOSSES = {
    '.jpg': set(),
    '.png': {'IPTC'},
    '.tif': set(),
    '.webp': {'IPTC', 'comment'},
    '.avif': {'IPTC', 'comment'},
    '.heic': {'IPTC', 'comment'},
    '.gif': {'EXIF', 'GPS', 'XMP', 'IPTC', 'resolution', 'color profile', 'more than 256 colors'},
    '.bmp': {'EXIF', 'GPS', 'XMP', 'IPTC', 'comment', 'color profile'},
    '.ppm': {'EXIF', 'GPS', 'XMP', 'IPTC', 'comment', 'color profile', 'resolution'},
}
FACTS = {'IPTC': 'iptc', 'EXIF': 'exif', 'GPS': 'gps', 'XMP': 'xmp', 'color profile': 'profile'}


@pytest.mark.parametrize('extension', LOSSES)
def test_a_full_photo_in_every_format(tmp_path, extension):
    photo = read_photo(FULL.make(tmp_path))
    result = tmp_path / f'b{extension}'
    lost = set(write_photo(result, photo))
    assert lost == LOSSES[extension]
    found = facts_of(result)
    for name, fact in FACTS.items():
        assert (fact in found) == (name not in lost), name
    if 'gps' in found:
        assert found['gps'][2] == (48.0, 8.0, 15.5)
        assert found['details'][0x927C] == MAKER_NOTE
        assert found['exif'][0x010F] == 'Maker'
    if extension == '.png':
        assert found['text'] == {'Comment': 'a comment'}
    if extension == '.tif':
        assert found['exif'][270] == 'a comment'


def test_maker_notes_stay_where_their_own_references_want_them(tmp_path):
    source = FULL.make(tmp_path)
    write_photo(tmp_path / 'b.jpg', read_photo(source))
    write_photo(tmp_path / 'b.webp', read_photo(source))  # has to get the resolution
    block = Image.open(source).info['exif'][6:]
    for name in ('b.jpg', 'b.webp'):
        after = Image.open(tmp_path / name).info['exif'].removeprefix(b'Exif\0\0')
        assert after.index(MAKER_NOTE) == block.index(MAKER_NOTE)


def test_exif_has_the_size_of_the_upright_picture(tmp_path):
    photo = read_photo(FULL.make(tmp_path))
    write_photo(tmp_path / 'b.jpg', photo)
    details = Image.open(tmp_path / 'b.jpg').getexif().get_ifd(0x8769)
    assert (details[0xA003], details[0xA002]) == photo.samples.shape[:2]


@pytest.mark.parametrize(
    ('make', 'extension', 'lost'),
    [
        (tiff(levels(3, 16), photometric='rgb'), '.jpg', {'16 bits'}),
        (tiff(levels(3, 16), photometric='rgb'), '.heic', {'16 bits'}),
        (tiff((levels(3) / 255).astype(np.float32), photometric='rgb'), '.png', {'32-bit floats'}),
        (tiff((levels(3) / 255).astype(np.float32), photometric='rgb'), '.webp', {'32-bit floats'}),
        (png(levels(4)), '.jpg', {'transparency', 'text'}),
        (png(levels(4)), '.bmp', {'transparency', 'text'}),
        (png(levels(4)), '.gif', {'partial transparency', 'more than 256 colors', 'text'}),
        (pillow(COLOR, 'a.jpg', extra=b'\xff\xe5\0\x08others'), '.png', {'JPEG segment APP5'}),
    ],
)
def test_what_another_format_cannot_hold_is_named(tmp_path, make, extension, lost):
    photo = read_photo(make(tmp_path))
    photo = replace(photo, metadata=replace(photo.metadata, exif=b''))
    assert set(write_photo(tmp_path / f'b{extension}', photo)) == lost


def test_a_profile_that_a_format_cannot_hold_is_applied(tmp_path):
    write_photo(tmp_path / 'a.bmp', Photo(COLOR, profile=ADOBE_RGB))
    wanted = Photo(COLOR, profile=ADOBE_RGB).to_srgb()
    np.testing.assert_array_equal(read_photo(tmp_path / 'a.bmp').samples, wanted)


def test_transparency_that_a_format_cannot_hold_is_laid_on_white(tmp_path):
    alpha = np.zeros(COLOR.shape[:2], np.uint8)
    alpha[:, :20] = 255
    write_photo(tmp_path / 'a.bmp', Photo(COLOR, alpha=alpha))
    back = read_photo(tmp_path / 'a.bmp').samples
    np.testing.assert_array_equal(back[:, :20], COLOR[:, :20])
    assert (back[:, 20:] == 255).all()


def test_premultiplied_colors_become_straight(tmp_path):
    alpha = np.full(COLOR.shape[:2], 128, np.uint8)
    premultiplied = np.rint(COLOR * (128 / 255)).astype(np.uint8)
    path = tiff(np.dstack([premultiplied, alpha]), photometric='rgb', extrasamples=['assocalpha'])(
        tmp_path
    )
    photo = read_photo(path)
    assert np.abs(photo.samples.astype(int) - COLOR).max() <= 1
    assert (photo.alpha == 128).all()


@pytest.mark.parametrize(
    ('quality', 'tables_stay'), [(97, True), (90, True), (89, False), (50, False)]
)
@pytest.mark.parametrize(('subsampling', 'wanted'), [(0, 0), (1, 1), (2, 2)])
def test_the_coding_of_a_jpeg(tmp_path, quality, tables_stay, subsampling, wanted):
    path = pillow(COLOR, 'a.jpg', quality=quality, subsampling=subsampling)(tmp_path)
    write_photo(tmp_path / 'b.jpg', read_photo(path))
    pillow(COLOR, 'c.jpg', quality=90)(tmp_path)
    result = Image.open(tmp_path / 'b.jpg')
    like = Image.open(path if tables_stay else tmp_path / 'c.jpg')
    assert result.quantization == like.quantization
    assert result.layer[0][1:3] == Image.open(path).layer[0][1:3]
    assert read_photo(tmp_path / 'b.jpg').jpeg.subsampling == wanted


def test_turned_chroma_of_half_the_width_is_not_halved_again(tmp_path):
    path = pillow(COLOR, 'a.jpg', subsampling=1, exif=exif(6))(tmp_path)
    assert read_photo(path).jpeg.subsampling == 0
    path = pillow(COLOR, 'a.jpg', subsampling=2, exif=exif(6))(tmp_path)
    assert read_photo(path).jpeg.subsampling == 2


def test_a_photo_of_another_format_becomes_a_fine_jpeg(tmp_path):
    write_photo(tmp_path / 'a.jpg', Photo(COLOR))
    pillow(COLOR, 'b.jpg', quality=95, subsampling=0)(tmp_path)
    made, wanted = Image.open(tmp_path / 'a.jpg'), Image.open(tmp_path / 'b.jpg')
    assert (made.quantization, made.layer) == (wanted.quantization, wanted.layer)


def test_inks_become_colors_by_their_profile(tmp_path):
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:8] = (255, 255, 255, 0)  # white by the profile, black by the usual formula
    inks[8:] = (0, 0, 0, 255)
    path = tmp_path / 'a.tif'
    Image.fromarray(inks, 'CMYK').save(path, icc_profile=cmyk_profile())
    photo = read_photo(path)
    assert photo.lost == ('CMYK',)
    assert photo.profile is None
    assert (photo.samples[:8] > 250).all()
    assert (photo.samples[8:] < 5).all()


def test_inks_with_a_profile_of_another_space_take_the_usual_formula(tmp_path):
    photo = read_photo(pillow(COLOR, 'a.jpg', 'CMYK', icc_profile=SRGB)(tmp_path))
    assert photo.lost == ('CMYK', 'color profile of another space (RGB)')
    assert np.abs(photo.samples.astype(int) - COLOR).mean() < 3


def test_adobe_rgb_that_only_exif_says_is_used(tmp_path):
    block = Image.Exif()
    block.get_ifd(0x8769)[0xA001] = 65535
    block.get_ifd(0x8769)[0xA005] = {1: 'R03'}
    photo = read_photo(pillow(COLOR, 'a.jpg', quality=95, exif=block)(tmp_path))
    np.testing.assert_array_equal(photo.to_srgb(), replace(photo, profile=ADOBE_RGB).to_srgb())
    write_photo(tmp_path / 'b.jpg', photo)
    assert read_photo(tmp_path / 'b.jpg').profile == photo.profile is not None


@pytest.mark.parametrize('bits', [8, 10])
def test_numbers_in_place_of_a_profile_are_used(tmp_path, bits):
    import pillow_heif

    samples, mode = (COLOR, 'RGB') if bits == 8 else (levels(3, 16), 'RGB;16')
    image = pillow_heif.from_bytes(mode, (40, 24), samples.tobytes())
    image.save(tmp_path / 'a.heic', color_primaries=12, transfer_characteristic=13)
    heif = read_photo(tmp_path / 'a.heic')
    assert heif.white == 2**bits - 1
    avif = imagecodecs.avif_encode(
        COLOR if bits == 8 else levels(3, 16) >> 6, level=95, bitspersample=bits
    )
    place = avif.index(b'colrnclx') + 8
    avif = avif[:place] + b'\0\x0c\0\x0d' + avif[place + 4 :]
    (tmp_path / 'a.avif').write_bytes(avif)
    assert read_photo(tmp_path / 'a.avif').white == 2**bits - 1
    for photo in (heif, read_photo(tmp_path / 'a.avif')):
        seen = Photo(np.full((1, 1, 3), (204, 76, 51), np.uint8), profile=photo.profile).to_srgb()
        assert np.abs(seen[0, 0] - (221.0, 64.0, 37.0)).max() < 3


def test_hdr_coding_is_kept_or_named(tmp_path):
    import pillow_heif

    image = pillow_heif.from_bytes('RGB;16', (40, 24), levels(3, 16).tobytes())
    image.save(tmp_path / 'a.heic', color_primaries=9, transfer_characteristics=16)
    photo = read_photo(tmp_path / 'a.heic')
    assert write_photo(tmp_path / 'b.heic', photo) == ()
    assert read_photo(tmp_path / 'b.heic').metadata.hdr == (9, 16)
    assert write_photo(tmp_path / 'b.png', photo) == ()
    assert (b'cICP', b'\x09\x10\0\1') in chunks_of(tmp_path / 'b.png')
    assert write_photo(tmp_path / 'b.tif', photo) == ('HDR brightness (PQ)',)
    assert write_photo(tmp_path / 'b.avif', photo) == ('10 bits', 'HDR brightness (PQ)')


def test_damaged_exif_is_named_and_the_picture_is_read(tmp_path):
    photo = read_photo(pillow(COLOR, 'a.jpg', quality=95, exif=b'Exif\0\0damaged')(tmp_path))
    assert photo.lost == ('damaged EXIF',)
    assert photo.samples.shape == COLOR.shape


def test_an_orientation_that_only_xmp_says_is_applied(tmp_path):
    xmp = XMP.replace(b'Orientation="1"', b'Orientation="6"')
    path = pillow(COLOR, 'a.jpg', quality=95, xmp=xmp)(tmp_path)
    photo = read_photo(path)
    assert photo.samples.shape == (40, 24, 3)
    assert photo.metadata.xmp == XMP


@pytest.mark.parametrize(('kind', 'lost'), [('float16', ()), ('float64', ('64-bit floats',))])
def test_floats_of_other_sizes_become_those_of_32_bits(tmp_path, kind, lost):
    samples = ramp().astype(kind)
    photo = read_photo(tiff(samples, photometric='rgb')(tmp_path))
    np.testing.assert_array_equal(photo.samples, samples.astype(np.float32))
    assert photo.lost == lost


def test_layers_of_photoshop_are_not_taken_along(tmp_path):
    path = tiff(COLOR, photometric='rgb', extratags=[(37724, 7, 6, b'layers', True)])(tmp_path)
    photo = read_photo(path)
    assert photo.lost == ('layers of Photoshop',)
    write_photo(tmp_path / 'b.tif', photo)
    assert b'layers' not in (tmp_path / 'b.tif').read_bytes()


def test_opacity_of_deep_pictures_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv('RESTORELAB_SAMPLE_BITS', '12')
    samples = levels(4, 12)
    for opacity in (samples[..., 3:], samples[..., 3:] * 16):
        path = tmp_path / 'a.png'
        path.write_bytes(imagecodecs.png_encode(np.dstack([samples[..., :3], opacity])))
        photo = read_photo(path)
        np.testing.assert_array_equal(photo.alpha, opacity[..., 0])
        assert photo.white == (4095 if opacity.max() <= 4095 else 65535)


def test_frames_that_differ_in_color_and_opacity_become_alike(tmp_path):
    alpha = np.full(COLOR.shape[:2], 255, np.uint8)
    alpha[:, :5] = 0
    few = COLOR // 64 * 64
    photos = [Photo(few[..., :1]), Photo(few), Photo(few, alpha=alpha)]
    for name in ('a.gif', 'a.png', 'a.webp'):
        frames = Frames(photos, [100.0, 100.0, 100.0], 0, 'animation')
        assert write_frames(tmp_path / name, frames) == ()
        back = read_frames(tmp_path / name).photos
        assert len(back) == 3
        for photo, read in zip(photos, back, strict=True):
            shown = photo.alpha is None or photo.alpha[..., None] > 0
            assert (np.where(shown, read.samples == photo.samples, True)).all()
        assert (back[2].alpha == alpha).all()


def test_pixels_that_are_no_squares_are_named(tmp_path):
    path = pillow(COLOR, 'a.jpg', quality=95)(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:14] + b'\0\2\0\1' + data[18:])  # the densities of JFIF
    assert read_photo(path).lost == ('shape of the pixels',)


def test_an_xmp_packet_too_long_for_a_jpeg_is_named(tmp_path):
    photo = Photo(COLOR, metadata=Metadata(xmp=XMP + b' ' * 70000))
    assert write_photo(tmp_path / 'a.jpg', photo) == ('XMP of more than 64 KB',)
    assert write_photo(tmp_path / 'a.png', photo) == ()


def test_a_failed_write_keeps_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / 'a.png'
    path.write_bytes(b'earlier')

    def full(*arguments):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match=r'a\.png: could not be written') as caught:
        write_photo(path, Photo(COLOR))
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == b'earlier'
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_extension_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match=r"not written as '\.xyz'; choose one of .*\.jpg"):
        write_photo(tmp_path / 'a.xyz', Photo(COLOR))


def test_several_pictures_need_a_format_of_several(tmp_path):
    frames = Frames([Photo(COLOR), Photo(COLOR)], kind='pages')
    with pytest.raises(ValueError, match=r"2 pictures in one file are not written as '\.jpg'"):
        write_frames(tmp_path / 'a.jpg', frames)


def test_pictures_of_several_sizes_need_pages(tmp_path):
    frames = Frames([Photo(COLOR), Photo(COLOR[:-1])], kind='pages')
    with pytest.raises(ValueError, match=r'pictures of 2 sizes .* choose \.tif'):
        write_frames(tmp_path / 'a.gif', frames)
    assert write_frames(tmp_path / 'a.tif', frames) == ()


def test_the_still_picture_of_an_animated_png_is_named(tmp_path):
    frames = [Image.fromarray(np.roll(COLOR, n, axis=1)) for n in range(3)]
    options = dict(save_all=True, default_image=True, append_images=frames[1:], duration=100)
    frames[0].save(tmp_path / 'a.png', **options)
    photos = read_frames(tmp_path / 'a.png').photos
    assert len(photos) == 2
    np.testing.assert_array_equal(photos[0].samples, np.asarray(frames[1]))
    assert photos[0].lost == ('still picture',)


def test_an_animated_png_of_16_bits_is_read_with_8(tmp_path):
    frames = [Image.fromarray(np.roll(levels(1, 16)[..., 0], n, axis=1)) for n in range(2)]
    frames[0].save(tmp_path / 'a.png', save_all=True, append_images=frames[1:], duration=100)
    photos = read_frames(tmp_path / 'a.png').photos
    assert [photo.lost for photo in photos] == [('16 bits',)] * 2
    assert np.abs(photos[0].samples.astype(int) - levels(1)).max() <= 1


def test_extended_xmp_stays_in_a_jpeg_and_is_named_elsewhere(tmp_path):
    extension = segment(0xE1, b'http://ns.adobe.com/xmp/extension/\0' + b'0' * 60)
    photo = read_photo(pillow(COLOR, 'a.jpg', xmp=XMP, extra=extension)(tmp_path))
    assert write_photo(tmp_path / 'b.jpg', photo) == ()
    assert extension in (tmp_path / 'b.jpg').read_bytes()
    assert 'extended XMP' in write_photo(tmp_path / 'b.png', photo)


def test_iptc_goes_from_tiff_to_jpeg_and_back(tmp_path):
    fields = [(33723, 7, len(IPTC), IPTC, True)]
    photo = read_photo(tiff(COLOR, photometric='rgb', extratags=fields)(tmp_path))
    assert write_photo(tmp_path / 'b.jpg', photo) == ()
    assert facts_of(tmp_path / 'b.jpg')['iptc'] == {(2, 5): b'Title', (2, 80): b'Author'}
    write_photo(tmp_path / 'c.tif', read_photo(tmp_path / 'b.jpg'))
    assert facts_of(tmp_path / 'c.tif')['iptc'] == IPTC


def test_an_animation_becomes_pages_and_loses_its_durations(tmp_path):
    frames = read_frames(animation('a.gif')(tmp_path))
    assert frames.kind == 'animation'
    assert write_frames(tmp_path / 'a.tif', frames) == ('durations',)
    assert len(tifffile.imread(tmp_path / 'a.tif')) == 3


def test_every_page_keeps_its_own_profile_and_resolution(tmp_path):
    pages = [
        Photo(COLOR, profile=P3, metadata=Metadata(dpi=(300.0, 300.0))),
        Photo(COLOR[..., :1], metadata=Metadata(dpi=(72.0, 72.0), exif=exif()[6:])),
        Photo(levels(3, 16), white=65535, profile=ADOBE_RGB),
    ]
    write_frames(tmp_path / 'a.tif', Frames(pages, kind='pages'))
    back = read_frames(tmp_path / 'a.tif').photos
    for before, after in zip(pages, back, strict=True):
        np.testing.assert_array_equal(after.samples, before.samples)
        assert (after.profile, after.metadata.dpi) == (before.profile, before.metadata.dpi)
    assert [photo.metadata.has_gps for photo in back] == [False, True, False]


@pytest.mark.slow
@pytest.mark.parametrize('profile', [None, P3])
def test_a_large_photo_needs_little_memory(tmp_path, profile):
    """12 megapixels take 36 MB as samples, as sRGB and as the result; Pillow holds them once."""
    large = Image.fromarray(COLOR).resize((4000, 3000))
    large.save(tmp_path / 'a.jpg', quality=90, icc_profile=profile)
    code = (
        'import resource, sys\n'
        'from restorelab.io.photo_files import read_photo\n'
        'def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n'
        'before = peak()\n'
        'photo = read_photo(sys.argv[1])\n'
        'photo.with_srgb(photo.to_srgb())\n'
        'print(peak() - before)\n'
    )
    command = [sys.executable, '-c', code, str(tmp_path / 'a.jpg')]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 300


@pytest.mark.slow
def test_importing_loads_no_library_of_a_format():
    code = 'import sys, restorelab.io.photo_files; print(*sys.modules)'
    loaded = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert {'imagecodecs', 'tifffile', 'rawpy', 'pillow_heif', 'cv2'}.isdisjoint(
        loaded.stdout.split()
    )
