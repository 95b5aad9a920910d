from restorelab.utils.tables import draw_table


def test_a_table_aligns_names_left_and_numbers_right():
    text = draw_table(['name', 'PSNR'], [['a', '30.25'], ['longer', '9.50']], title='scores')
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == 'scores'
    assert [lines[-2], lines[-1]] == ['  a        30.25', '  longer    9.50']


def test_none_draws_a_line():
    with_line = draw_table(['name'], [['a'], None, ['b']])
    assert len(with_line.splitlines()) == len(draw_table(['name'], [['a'], ['b']]).splitlines()) + 1


def test_a_long_cell_is_broken_and_nothing_is_lost():
    text = draw_table(['name'], [['x' * 50]], width=40)
    assert text.count('x') == 50
    assert max(map(len, text.splitlines())) <= 40
