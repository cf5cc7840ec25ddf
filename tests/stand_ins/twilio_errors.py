"""Twilio's error answers, word for word as its API gives them."""

from __future__ import annotations

from typing import Any

# code: (HTTP status, message)
ERRORS: dict[int, tuple[int, str]] = {
    20001: (400, "Unknown parameter: {0}"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20404: (404, "The requested resource {0} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21211: (400, "The 'To' number {0} is not a valid phone number."),
    21212: (400, "The 'From' number {0} is not a valid phone number, shortcode, or alphanumeric sender ID."),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {0}."),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The From phone number {0} is not a valid, SMS-capable inbound phone number or short code for your account."),
    21609: (400, "The StatusCallback URL {0} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21614: (400, "'To' number is not a valid mobile number: {0}"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21655: (400, "The ContentSid is invalid: {0}"),
    21656: (400, "The ContentVariables parameter is invalid."),
    21701: (404, "The Messaging Service does not exist"),
    21910: (400, "Invalid From and To pair. From and To should be of the same channel"),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
    63018: (429, "Rate limit exceeded for Channel"),
    63024: (400, "Invalid message recipient"),
}  # fmt: skip


def error_body(code: int, subject: str = "") -> tuple[int, dict[str, Any]]:
    """HTTP status and JSON body of an error."""
    status, message = ERRORS[code]
    return status, {
        "code": code,
        "message": message.format(subject),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
