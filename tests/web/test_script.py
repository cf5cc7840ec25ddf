"""What each module of the script does that no other test asks for, in Chromium."""

import json

import pytest
from playwright.sync_api import Dialog, Page, Route, expect


def test_shell_dismisses_notes_and_goes_back(page: Page, site: str) -> None:
    page.goto(f"{site}/list")
    page.goto(f"{site}/error/404")
    page.get_by_role("button", name="Back").click()
    page.wait_for_url("**/list")
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend',"
        " '<p class=note>Saved <button data-dismiss>Close</button></p>')"
    )
    page.locator("[data-dismiss]").last.click()
    expect(page.locator("p.note", has_text="Saved")).to_have_count(0)


def test_shell_shows_a_password_on_request(page: Page, site: str) -> None:
    page.goto(f"{site}/signin")
    page.get_by_role("button", name="Show the password").click()
    assert page.locator("#password").get_attribute("type") == "text"
    page.get_by_role("button", name="Hide the password").click()
    assert page.locator("#password").get_attribute("type") == "password"


def test_shell_names_the_side_bar_only_while_it_is_a_drawer(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{site}/list")
    page.locator("[data-bs-toggle=offcanvas]").first.click()
    expect(page.locator("#side.show:not(.showing)")).to_have_attribute("aria-label", "Menu")
    page.keyboard.press("Escape")
    expect(page.locator("#side[aria-label]")).to_have_count(0)


def test_dialogs_close_beside_themselves_and_give_the_focus_back(page: Page, site: str) -> None:
    page.goto(f"{site}/list")
    page.locator("[data-open=view-panel]").click()
    expect(page.locator("#view-panel")).to_be_visible()
    page.mouse.click(5, 5)
    expect(page.locator("#view-panel")).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.open") == "view-panel"


def test_look_follows_the_system_until_a_theme_is_chosen(page: Page, site: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site}/list")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_selection_with_the_shift_key_takes_all_between(page: Page, site: str) -> None:
    page.goto(f"{site}/list")
    boxes = page.locator("tbody .pick input")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator(".bulk [data-count]")).to_have_text("4 selected")
    assert page.locator("thead .pick input").evaluate("box => box.indeterminate")


def test_filters_name_what_only_its_id_is_known_of(page: Page, site: str) -> None:
    page.goto(f"{site}/list")
    chip = page.locator("[data-filter-edit]").first
    chip.evaluate(
        "chip => Object.assign(chip.dataset, {field: 'store', operator: 'in', values: '[8]'})"
    )
    chip.click()
    expect(page.locator("#fe-values .item")).to_contain_text("Shimano Deutschland")
    page.get_by_role("button", name="Show what matches").click()
    page.wait_for_url("**/list?f.store.in=8")


def test_fragments_keep_their_own_filters(page: Page, site: str) -> None:
    page.goto(f"{site}/show#payments")
    place = page.locator("#p-payments")
    place.locator("input[type=search]").fill("Anna")
    with page.expect_request("**/fragment/list?*q=Anna*"):
        page.keyboard.press("Enter")
    expect(place.locator("tbody tr")).to_have_count(3)
    assert page.url.endswith("/show#payments")


def test_fragments_of_cards_are_fetched_when_they_come_into_view(page: Page, site: str) -> None:
    page.goto(f"{site}/show")
    card = page.locator("[data-fragment][data-lazy]").first
    card.scroll_into_view_if_needed()
    expect(card).to_have_attribute("data-loaded", "/fragment/small")


def test_fragments_say_when_their_reader_was_signed_out(page: Page, site: str) -> None:
    page.route("**/fragment/history*", lambda route: route.fulfill(status=401))
    page.goto(f"{site}/show#changes")
    expect(page.locator("#p-changes [role=alert]")).to_contain_text("You were signed out.")
    page.unroute("**/fragment/history*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#p-changes .tl > li")).to_have_count(3)


def test_fragments_do_not_show_the_page_that_a_reader_was_led_to(page: Page, site: str) -> None:
    page.goto(f"{site}/show")
    page.locator("#p-changes").evaluate("place => { place.dataset.fragment = '/led-elsewhere'; }")
    page.get_by_role("tab", name="Changes").click()
    expect(page.locator("#p-changes [role=alert]")).to_contain_text("You were signed out.")


def test_selects_get_the_focus_that_the_summary_of_errors_gives(page: Page, site: str) -> None:
    page.goto(f"{site}/form")
    page.evaluate(
        "document.querySelector('.note.bad').insertAdjacentHTML('beforeend',"
        " '<a href=\"#supplier\">Supplier: choose one.</a>')"
    )
    page.get_by_role("link", name="Supplier: choose one.").click()
    assert page.evaluate("document.activeElement.id") == "supplier-ts-control"


def test_sheets_bring_a_struck_out_line_back(page: Page, site: str) -> None:
    page.goto(f"{site}/form-new")
    row = page.locator("#sheet-lines tbody tr").first
    remove = row.get_by_role("button", name="Remove this line")
    for flag in ("1", ""):
        remove.click()
        assert row.locator("input[name$=-delete]").input_value() == flag
        expect(page.locator("#live")).to_have_text("Row removed")


def test_forms_ask_before_their_page_is_left(page: Page, site: str) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(f"{site}/form-new")
    page.locator("#name").press_sequentially("Reel")
    page.evaluate("location.assign('/list')")
    page.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    assert page.url.endswith("/form-new")
    page.locator("#name").fill("")
    page.goto(f"{site}/list")  # nothing has changed any more: nobody asks
    assert asked == ["beforeunload"]


def test_forms_can_be_sent_again_when_their_page_comes_back(page: Page, site: str) -> None:
    page.goto(f"{site}/form-new")
    page.route("**/form-new", lambda route: route.fulfill(status=204))
    button = page.locator(".savebar .btn-primary").last
    button.click()
    expect(button).to_have_attribute("aria-disabled", "true")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(page.locator(".busy")).to_have_count(0)


def test_preview_puts_variables_in_and_shows_the_next_client(page: Page, site: str) -> None:
    shown: list[str] = []

    def preview(route: Route) -> None:
        body = route.request.post_data or ""
        shown.append(body.split('name="preview"')[1].split()[0])
        route.fulfill(body='<span hidden data-preview-of="As Olga sees it"></span>Moin Olga')

    page.route("**/preview", preview)
    page.goto(f"{site}/campaign")
    page.get_by_role("button", name="Another client").click()
    expect(page.locator("#h-prev")).to_have_text("As Olga sees it")
    area = page.locator("#text")
    area.evaluate("area => { area.value = 'Moin !'; area.setSelectionRange(5, 5); }")
    with page.expect_response("**/preview"):
        page.locator("[data-insert='{points}']").evaluate("button => button.click()")
    assert area.input_value() == "Moin {points}!"
    assert shown == ["1", "1"]


def test_charts_give_way_to_their_tables_and_come_back(page: Page, site: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{site}/dashboard")
    figure = page.locator("[data-figure]").first
    figure.locator("[data-swap=table]").click()
    expect(figure.locator("[data-as=table]")).to_be_visible()
    expect(figure.locator("[data-as=chart]")).to_be_hidden()
    figure.locator("[data-swap=chart]").click()
    canvas = figure.locator("canvas")
    expect(canvas).to_be_visible()
    # Another theme has other colours.
    drawn = canvas.evaluate("canvas => canvas.toDataURL()")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "([canvas, drawn]) => canvas.toDataURL() !== drawn", arg=[canvas.element_handle(), drawn]
    )


@pytest.mark.parametrize("kind", ["pie", "heatmap", "bar", "line"])
def test_charts_of_each_kind_are_drawn_with_what_their_table_says(
    page: Page, site: str, kind: str
) -> None:
    page.goto(f"{site}/dashboard")
    box = page.locator(f"[data-kind={kind}]").first
    expect(box.locator("canvas").first).to_be_visible()
    drawn, rows = box.evaluate(
        """box => [echarts.getInstanceByDom(box).getOption().series[0],
          document.getElementById(box.dataset.chart).tBodies[0].rows.length]"""
    )
    assert drawn["type"] == kind
    assert len(drawn["data"]) % rows == 0


def test_polling_ends_with_the_whole_page_anew(page: Page, site: str) -> None:
    page.route("**/poll", lambda route: route.fulfill(body="<div>All are sent</div>"))
    page.goto(f"{site}/polled")
    with page.expect_navigation(url="**/polled", timeout=10_000):
        pass


def test_segments_are_nested_groups(page: Page, site: str) -> None:
    page.on("dialog", lambda dialog: dialog.accept())  # what is unsaved here may go
    page.goto(f"{site}/segment")
    page.get_by_role("button", name="Add a group").click()
    inner = page.locator(".segment-group .segment-group")
    inner.get_by_label("How the conditions go together").select_option("not")
    inner.get_by_role("button", name="Add a condition").click()
    inner.get_by_label("Condition", exact=True).select_option("sum")
    inner.get_by_label("From").fill("10")
    inner.get_by_label("to", exact=True).fill("20")
    inner.get_by_role("button", name="Add a condition").click()
    inner.get_by_label("Condition", exact=True).last.select_option("store")
    inner.locator(".ts-control input").fill("shim")
    inner.locator(".ts-dropdown .option").click()
    definition = {
        "all": [
            {"field": "last_order", "op": "older", "value": 90},
            {
                "not": {
                    "any": [
                        {"field": "sum", "op": "in", "value": ["10", "20"]},
                        {"field": "store", "op": "in", "value": ["8"]},
                    ]
                }
            },
        ]
    }
    hidden = page.locator("[data-segment-definition]")
    assert json.loads(hidden.input_value()) == definition
    inner.get_by_role("button", name="Remove: Orders sum").click()
    del definition["all"][1]["not"]["any"][0]
    assert json.loads(hidden.input_value()) == definition
    # What is read back is drawn again, and the chosen store is asked for its name.
    page.route(
        "**/segment",
        lambda route: route.fulfill(
            body=(answer := route.fetch())
            .text()
            .replace(
                "{&#34;all&#34;: [{&#34;field&#34;: &#34;last_order&#34;,"
                " &#34;op&#34;: &#34;older&#34;, &#34;value&#34;: 90}]}",
                json.dumps(definition).replace('"', "&#34;"),
            ),
            response=answer,
        ),
    )
    page.goto(f"{site}/segment")
    expect(page.locator(".segment-group .segment-group .item")).to_contain_text("Shimano")
    assert json.loads(hidden.input_value()) == definition
