"""What the script does: selection, filters, tabs, sheets, guards, charts, polling."""

# ruff: noqa: PT018 -- halves of a sentence belong together

import json

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from tests.web.samples.common import EMOJI, LONG


def sent(demo: Flask) -> list[tuple[str, dict[str, list[str]]]]:
    """Return what was posted, without the token."""
    return [
        (where, {key: value for key, value in form.items() if key != "csrf_token"})
        for where, form in demo.config["RECEIVED"]
    ]


def test_ticked_rows_are_sent_after_the_consequence_was_named(
    page: Page, site: str, demo: Flask
) -> None:
    page.goto(f"{site}/list")
    page.locator("tbody .pick input").nth(1).check()
    page.locator("tbody .pick input").nth(3).check()
    expect(page.locator(".bulk [data-count]")).to_have_text("2 selected")
    page.get_by_role("button", name="Archive").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("2 clients are archived. Their orders stay.")
    page.keyboard.press("Escape")
    assert sent(demo) == []
    page.get_by_role("button", name="Archive").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    page.wait_for_url("**/bulk")
    assert sent(demo) == [("bulk", {"rowid": ["2", "4"], "action": ["archive"]})]


def test_all_that_match_are_sent_as_all_and_not_as_ids(page: Page, site: str, demo: Flask) -> None:
    page.goto(f"{site}/list")
    page.locator("thead .pick input").check()
    page.get_by_role("button", name="Select all that match").click()
    expect(page.locator(".bulk [data-count]")).to_have_text("All that match are selected")
    page.get_by_role("button", name="Write a message").click()
    page.wait_for_url("**/bulk")
    assert sent(demo) == [("bulk", {"all": ["1"], "action": ["write"]})]


def test_a_filter_is_written_into_the_address(page: Page, site: str) -> None:
    page.goto(f"{site}/list?after=50&f.sum.more=500")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.locator("#fe-field").select_option("sum")
    page.locator("#fe-operator").select_option("between")
    page.get_by_role("button", name="Show what matches").click()
    expect(page.locator("#fe-error")).to_have_text("Say which value.")
    page.locator("#fe-value").fill("10")
    page.locator("#fe-value-2").fill("20")
    page.get_by_role("button", name="Show what matches").click()
    page.wait_for_url("**/list?f.sum.more=500&f.sum.between=10&f.sum.between=20")


def test_a_chip_opens_the_editor_with_its_values_and_replaces_itself(page: Page, site: str) -> None:
    page.goto(f"{site}/list?f.sum.more=500")
    page.get_by_role("button", name="Orders sum is more than €500.00").click()
    assert page.locator("#fe-field").input_value() == "sum"
    assert page.locator("#fe-value").input_value() == "500"
    page.locator("#fe-value").fill("900")
    page.keyboard.press("Enter")
    page.wait_for_url("**/list?f.sum.more=900")


def test_columns_and_saved_views(page: Page, site: str, demo: Flask) -> None:
    page.goto(f"{site}/list?o=sum")
    page.get_by_role("button", name="View", exact=True).click()
    page.locator("#view-name").fill("Mine")
    page.get_by_role("button", name="Save the view").click()
    page.wait_for_url("**/views")
    assert sent(demo) == [("views", {"query": ["o=sum"], "name": ["Mine"]})]
    page.goto(f"{site}/list?o=sum")
    page.get_by_role("button", name="View", exact=True).click()
    page.get_by_role("checkbox", name="Points").uncheck()
    page.get_by_role("button", name="Show these columns").click()
    page.wait_for_url(
        "**/list?o=sum&cols=name%2Cstage%2Ccategory%2Cphone%2Cstore%2Corders%2Csum%2Clast"
    )


def test_a_tab_is_fetched_when_opened_and_its_links_stay_inside(page: Page, site: str) -> None:
    asked: list[str] = []
    page.on(
        "request",
        lambda request: asked.append(request.url) if "/fragment/list" in request.url else None,
    )
    page.goto(f"{site}/show")
    assert asked == []
    page.get_by_role("tab", name="Payments").click()
    expect(page.locator("#p-payments tbody tr")).to_have_count(3)
    page.locator("#p-payments").get_by_role("link", name="Next").click()
    expect(page.locator("#p-payments tbody tr")).to_have_count(3)
    assert page.url.endswith("/show#payments")
    page.goto(f"{site}/show#changes")
    page.reload()
    expect(page.locator("#p-changes .tl > li")).to_have_count(3)
    page.get_by_role("link", name="Older entries").click()
    expect(page.locator("#p-changes .tl > li")).to_have_count(6)


def test_a_failed_tab_says_so_and_can_be_tried_again(page: Page, site: str) -> None:
    page.goto(f"{site}/show#broken")
    expect(page.locator("#p-broken [role=alert]")).to_contain_text("This could not be loaded.")
    expect(page.locator("#p-broken").get_by_role("button", name="Try again")).to_be_visible()


def test_lines_are_added_removed_and_numbered_without_gaps(
    page: Page, site: str, demo: Flask
) -> None:
    page.goto(f"{site}/form-new")
    page.get_by_role("button", name="Add a price break").click()
    page.get_by_role("button", name="Add a price break").click()
    rows = page.locator("#sheet-lines tbody tr")
    expect(rows).to_have_count(5)
    rows.nth(3).get_by_label("Quantity").fill("7")
    rows.nth(4).get_by_label("Quantity").fill("9")
    rows.nth(3).get_by_role("button", name="Remove this line").click()
    rows.nth(0).get_by_role(
        "button", name="Remove this line"
    ).click()  # stored: struck out, sent as deleted
    expect(rows).to_have_count(4)
    page.locator("#name").fill("Reel")
    page.get_by_role("button", name="Save the product").click()
    page.wait_for_function("document.body.textContent.includes('received')")
    form = sent(demo)[0][1]
    quantities = {key: value for key, value in form.items() if key.endswith("-quantity")}
    assert quantities == {
        "lines-0-quantity": ["2"],
        "lines-1-quantity": ["2"],
        "lines-2-quantity": ["2"],
        "lines-3-quantity": ["9"],
    }
    assert [key for key in form if key.endswith("-delete")] == ["lines-0-delete"]
    assert form["version"] == ["3"]


def test_a_remote_select_asks_only_for_what_was_typed_and_works_by_keyboard(
    page: Page, site: str, demo: Flask
) -> None:
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if "/lookup" in request.url else None
    )
    page.goto(f"{site}/form-new")
    page.locator("#supplier-ts-control").focus()
    page.wait_for_timeout(300)
    assert asked == []
    page.keyboard.type("shim")
    expect(page.locator(".ts-dropdown .option")).to_have_text("Shimano Deutschland")
    page.keyboard.press("Enter")
    assert page.locator("#supplier").input_value() == "8"


def test_a_select_within_another_record_offers_all_of_it_and_follows_it(
    page: Page, site: str
) -> None:
    def put_within(route: Route) -> None:
        answer = route.fetch()
        text = answer.text().replace(
            "data-lookup-url=", 'data-lookup-within="name" data-lookup-url='
        )
        route.fulfill(response=answer, body=text)

    page.route("**/form-new", put_within)
    page.goto(f"{site}/form-new")
    for chosen in ("7", "8"):
        page.locator("#name").fill(chosen)
        with page.expect_request(f"**/lookup?q=&within={chosen}"):
            page.locator("#supplier-ts-control").focus()
        expect(page.locator(".ts-dropdown .option")).to_have_count(3)


def test_dates_are_shown_in_words_and_sent_as_iso(page: Page, site: str) -> None:
    page.goto(f"{site}/form")
    assert page.locator("#valid_from").input_value() == "21 Nov 2026"
    assert page.locator("input[name=valid_from]").input_value() == "2026-11-21"
    page.goto(f"{site}/form?lang=de")
    assert page.locator("#valid_from").input_value() == "21.11.2026"
    page.locator("#valid_from").fill("24.12.2026")
    page.keyboard.press("Tab")
    assert page.locator("input[name=valid_from]").input_value() == "2026-12-24"
    assert page.locator("input[name=starts]").input_value() == "2026-11-21T16:00"


def test_unsaved_changes_are_counted_and_guarded(page: Page, site: str) -> None:
    page.goto(f"{site}/form-new")
    expect(page.locator("[data-dirty]")).to_be_hidden()
    page.locator("#name").fill("Reel")
    page.locator("#sell_out").check()
    expect(page.locator("[data-dirty]")).to_have_text("2 unsaved changes")
    page.get_by_role("link", name="Discard").click()
    expect(page.get_by_role("dialog")).to_contain_text("There are unsaved changes.")
    page.get_by_role("button", name="Stay here").click()
    assert page.url.endswith("/form-new")
    page.get_by_role("link", name="Discard").click()
    page.get_by_role("button", name="Leave without saving").click()
    page.wait_for_url("**/list")


def test_a_form_is_sent_once(page: Page, site: str, demo: Flask) -> None:
    page.goto(f"{site}/form-new")
    page.route(
        "**/form-new",
        lambda route: (
            (page.wait_for_timeout(150), route.continue_())
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    page.evaluate(
        "const b = [...document.querySelectorAll('.savebar .btn-primary')].pop(); b.click(); setTimeout(() => b.click(), 20); setTimeout(() => b.form.requestSubmit(), 40)"
    )
    page.wait_for_function("document.body.textContent.includes('received')")
    assert len(sent(demo)) == 1


def test_errors_are_summed_up_and_lead_to_their_fields(page: Page, site: str) -> None:
    page.goto(f"{site}/form")
    assert page.evaluate("document.activeElement.hasAttribute('data-focus')")
    page.get_by_role("link", name="Name: Say what it is called.").click()
    assert (
        page.evaluate("document.querySelector('#name').getAttribute('aria-describedby')")
        == "name-h"
    )
    expect(page.locator("#name-h")).to_have_text("Say what it is called.")


def test_opening_hours_are_filled_in_by_keyboard(page: Page, site: str, demo: Flask) -> None:
    page.goto(f"{site}/form-groups")
    page.get_by_label("Wednesday, closed").focus()
    page.keyboard.press("Space")  # its hours can be typed now
    page.get_by_label("Wednesday, from").focus()
    page.keyboard.type("9")
    page.keyboard.press("Tab")
    page.keyboard.type("17.30")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # a further span, its first field has the focus
    page.keyboard.type("19")
    page.keyboard.press("Tab")
    page.keyboard.type("21")
    page.get_by_role("button", name="Add a date").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('tr') !== null")
    page.locator("[name=opening_hours-on-2-closed]").check()
    expect(page.locator("[data-dirty]")).to_be_visible()
    page.get_by_role("button", name="Remove this line").first.click()
    page.locator(".savebar .btn-primary").click()
    page.wait_for_url("**/form-groups")
    form = sent(demo)[0][1]
    assert form["opening_hours-wed-from"] == ["9", "19"]
    assert form["opening_hours-wed-to"] == ["17.30", "21"]
    assert "opening_hours-wed-closed" not in form
    assert form["opening_hours-on-0-date"] == ["2026-12-25"]
    assert form["opening_hours-on-1-closed"] == ["1"]
    assert "opening_hours-on-2-date" not in form


def test_a_days_hours_are_copied_to_the_working_days(page: Page, site: str, demo: Flask) -> None:
    page.goto(f"{site}/form-groups")
    page.get_by_role("button", name="Copy Monday to the days until Friday").click()
    page.locator(".savebar .btn-primary").click()
    page.wait_for_url("**/form-groups")
    form = sent(demo)[0][1]
    for day in ("mon", "tue", "wed", "thu", "fri"):
        assert form[f"opening_hours-{day}-from"] == ["09:00", "13:30"], day
        assert f"opening_hours-{day}-closed" not in form, day
    assert form["opening_hours-sat-closed"] == ["1"]


def test_own_fields_are_added_and_taken_out_by_keyboard(page: Page, site: str, demo: Flask) -> None:
    page.goto(f"{site}/form-groups")
    rows = page.locator("#sheet-custom tbody tr")
    expect(rows).to_have_count(6)  # five, and an empty one
    rows.last.locator("input").first.focus()
    page.keyboard.type("Boat")
    page.keyboard.press("Tab")
    page.keyboard.type("no")
    page.locator("[data-add-row=sheet-custom]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "custom-6-name"
    page.keyboard.type("Licence")
    rows.nth(1).get_by_role("button", name="Remove this line").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "custom-1-name"
    expect(page.locator("[data-dirty]")).to_be_visible()
    page.locator(".savebar .btn-primary").click()
    page.wait_for_url("**/form-groups")
    form = sent(demo)[0][1]
    names = [form[f"custom-{n}-name"] for n in range(6)]
    assert names == [[EMOJI], ["Remarks"], ["Waters"], [""], ["Boat"], ["Licence"]]
    assert [form.get(f"custom-{n}-was") for n in range(6)] == [*names[:4], None, None]
    assert form["custom-4-value"] == ["no"]
    assert form["custom-1-value"] == [LONG]
    assert not any(key.startswith(("custom-6", "custom-__i__")) for key in form)


def test_wrong_parts_are_reached_from_the_summary(page: Page, site: str) -> None:
    page.goto(f"{site}/form-groups-wrong")
    page.get_by_role("link", name="Opening hours: Monday").click()
    assert page.url.endswith("#opening_hours-mon-from")
    expect(page.locator("#opening_hours-mon-from")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#opening_hours-mon-h")).to_contain_text("from earlier to later")
    expect(page.get_by_label("German, Name")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("link", name="Delivery address: Country").click()
    country = page.get_by_role("combobox", name="Country")
    expect(country).to_have_attribute("aria-invalid", "true")
    expect(country).to_be_focused()
    page.get_by_role("link", name="Card: This name is there twice.").click()
    expect(page.locator("#custom-3-name")).to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize(
    ("tongue", "few", "many"),
    [
        ("en", "2 unsaved changes", "5 unsaved changes"),
        ("uk", "2 незбережені зміни", "5 незбережених змін"),
        ("ru", "2 несохранённых изменения", "5 несохранённых изменений"),
    ],
)
def test_counts_are_said_in_the_forms_of_the_language(
    page: Page, site: str, tongue: str, few: str, many: str
) -> None:
    page.goto(f"{site}/form-groups?lang={tongue}")
    fields = page.locator("input[name^=texts-]")
    for number in range(5):
        fields.nth(number).fill(f"new {number}")
        if number == 1:
            expect(page.locator("[data-dirty]")).to_have_text(few)
    expect(page.locator("[data-dirty]")).to_have_text(many)


def test_keys_reach_the_search(page: Page, site: str) -> None:
    page.goto(f"{site}/list")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") != "find"
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "find"


def test_theme_and_density_are_kept_and_written_by_the_server(page: Page, site: str) -> None:
    page.goto(f"{site}/list")
    page.locator(".me").click()
    page.locator("[data-theme-set=dark]").click()
    page.locator("[data-density-set=compact]").click()
    html = page.request.get(f"{site}/list").text()
    assert '<html lang="en" dir="ltr" data-bs-theme="dark" data-density="compact">' in html


def test_a_click_on_a_chart_opens_the_rows_it_counted(page: Page, site: str) -> None:
    page.goto(f"{site}/dashboard")
    page.wait_for_function(
        "window.echarts && echarts.getInstanceByDom(document.querySelector('[data-chart=stores]'))"
    )
    chart = page.locator("[data-chart=stores]")
    x, y = chart.evaluate(
        "box => echarts.getInstanceByDom(box).convertToPixel({gridIndex: 0}, [0, 40000])"
    )
    chart.click(position={"x": x, "y": y})
    page.wait_for_url("**/list?store=0")


def test_on_a_phone_no_word_of_a_chart_is_cut_or_lies_on_another(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{site}/dashboard")
    page.wait_for_function(
        "window.echarts && echarts.getInstanceByDom(document.querySelector('[data-chart=stores]'))"
    )
    # Longer names than any of ours, in a table that is there already.
    page.evaluate(
        """() => {
          const table = document.getElementById('stores');
          [...document.getElementById('rev').tHead.rows[0].cells].slice(1).forEach((cell, i) => {
            cell.dataset.name = ['1 December 2010 – 9 December 2011', 'The same days a year ago'][i] || 'x';
          });
          [...table.tBodies[0].rows].forEach((row, i) => {
            row.cells[0].textContent = ['Vereinigtes Königreich', 'Велика Британія', 'Deutschland'][i % 3];
          });
          dispatchEvent(new Event('resize'));
        }"""
    )
    page.wait_for_timeout(400)
    texts = page.evaluate(
        """() => {
          const drawn = ['stores', 'rev'].map(id => echarts.getInstanceByDom(document.querySelector(`[data-chart=${id}]`)));
          return drawn.flatMap((chart, n) => chart.getZr().storage.getDisplayList(true)
            .filter(one => one.type === 'tspan' && one.style.text)
            .map(one => {
              const box = one.getBoundingRect().clone();
              if (one.transform) box.applyTransform(one.transform);
              return [one.style.text, box.x, box.y + 1000 * n, box.x + box.width, box.y + box.height + 1000 * n, chart.getWidth()];
            }));
        }"""
    )
    said = " ".join(text for text, *_box in texts)
    for word in ("Vereinigtes", "Königreich", "Британія", "Deutschland", "9 December 2011"):
        assert word in said
    for text, left, _top, right, _bottom, width in texts:
        assert left >= -1 and right <= width + 1, text
    for n, (text, left, top, right, bottom, _width) in enumerate(texts):
        for other, left_2, top_2, right_2, bottom_2, _w in texts[n + 1 :]:
            apart = right <= left_2 + 1 or right_2 <= left + 1 or bottom <= top_2 + 3
            assert apart or bottom_2 <= top + 3, (text, other)


def test_a_chart_is_drawn_from_its_table(page: Page, site: str) -> None:
    page.goto(f"{site}/dashboard")
    page.wait_for_function(
        "window.echarts && echarts.getInstanceByDom(document.querySelector('[data-chart=rev]'))"
    )
    drawn = page.evaluate(
        "echarts.getInstanceByDom(document.querySelector('[data-chart=rev]')).getOption().series[0].data"
    )
    cells = page.evaluate(
        "[...document.querySelectorAll('#rev tbody tr')].map(r => Number(r.cells[1].dataset.v))"
    )
    assert drawn == cells and len(cells) == 30


def test_progress_is_fetched_again_and_again(page: Page, site: str) -> None:
    page.goto(f"{site}/polled")
    expect(page.locator("#h-run")).to_have_text("2,614 of 3,920 sent")
    expect(page.locator("#h-run")).not_to_have_text("2,614 of 3,920 sent", timeout=5000)
    first = page.locator("#h-run").inner_text()
    expect(page.locator("#h-run")).not_to_have_text(first, timeout=5000)


def test_the_sms_meter_counts_the_longest_values(page: Page, site: str) -> None:
    page.goto(f"{site}/campaign")
    area = page.locator("#text")
    area.fill("{first_name} " + "a" * 151)
    expect(page.locator("[data-sms=size]")).to_have_text("161")
    expect(page.locator("[data-sms=parts]")).to_have_text("2")
    area.fill("Привіт {first_name}")
    expect(page.locator("[data-sms=code]")).to_have_text("Unicode")
    expect(page.locator("[data-sms=odd]")).to_have_text("П")
    expect(page.locator("[data-preview]")).to_have_text("Привіт Jörg")


def test_rights_say_what_changes(page: Page, site: str) -> None:
    page.goto(f"{site}/rights")
    page.get_by_role("button", name="Orders: see only").click()
    expect(page.locator("[data-rights-diff] li")).to_have_text(["loses Take a payment"])
    page.get_by_role("button", name="Orders: give everything").click()
    expect(page.locator("[data-rights-diff] li")).to_have_text(["gets Refund a payment"])


def test_a_row_action_posts_with_its_version(page: Page, site: str, demo: Flask) -> None:
    page.goto(f"{site}/list")
    page.locator("tbody [data-bs-toggle=dropdown]").first.click()
    page.locator("tbody .dropdown-menu.show .danger").click()
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    page.wait_for_url("**/row/1/archive")
    assert sent(demo) == [("row/1/archive", {"version": ["3"]})]


def test_the_texts_of_the_script_survive_any_language(page: Page, site: str) -> None:
    page.goto(f"{site}/list?lang=uk")
    assert json.loads(page.locator("#js-texts").inner_text())["locale"] == "uk"


def test_whoever_signs_in_can_type_at_once(page: Page, site: str) -> None:
    page.goto(f"{site}/invite")
    expect(page.locator("form input:not([type=hidden])").first).to_be_focused()


def test_how_many_belong_to_a_segment_stands_there_at_once_and_after_each_change(
    page: Page, site: str
) -> None:
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{site}/segment")
    expect(page.locator("[data-segment-count]")).to_have_text("1,233")
    page.get_by_role("button", name="Add a condition").click()
    expect(page.locator("[data-segment-error]")).to_have_text("Condition 1 lacks its value.")
    page.get_by_role("spinbutton", name="Days").last.fill("30")
    expect(page.locator("[data-segment-count]")).to_have_text("1,232")
    assert said == []
