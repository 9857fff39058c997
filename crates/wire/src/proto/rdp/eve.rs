//! RDP in EVE JSON.

use super::events::{protocol_name, refusal};
use super::{Body, Chosen, ClientData, Message};
use crate::json::Object;

pub fn write(message: &Message, record: &mut Object<'_>, transaction: u64) {
    let mut rdp = record.object("rdp");
    rdp.number("tx_id", transaction).text("event_type", message.body.name());
    match &message.body {
        Body::Request { cookie, request } => {
            rdp.optional("cookie", cookie.as_deref());
            if let Some((flags, _)) = request {
                let names = [
                    (1, "restricted_admin_mode_required"),
                    (2, "redirected_authentication_mode_required"),
                    (8, "correlation_info_present"),
                ];
                flag_names(&mut rdp, "flags", u32::from(*flags), &names);
            }
        }
        Body::Response(Chosen::Nothing) => {}
        Body::Response(Chosen::Protocol { flags, protocol }) => {
            let names =
                [(1, "extended_client_data"), (2, "dynvc_gfx"), (8, "restricted_admin"), (16, "redirected_auth")];
            flag_names(&mut rdp, "server_supports", u32::from(*flags), &names);
            rdp.text("protocol", protocol_name(*protocol));
        }
        Body::Response(Chosen::Refused(code)) => {
            rdp.number("error_code", *code).text("reason", refusal(*code));
        }
        Body::Client(client) => {
            write_client(client, &mut rdp.object("client"));
            if !client.channels.is_empty() {
                let mut list = rdp.array("channels");
                client.channels.iter().for_each(|name| list.bytes(name));
            }
        }
        Body::Server(server) => {
            if let Some((method, level)) = server.encryption {
                rdp.number("encryption_method", method).number("encryption_level", level);
            }
        }
        Body::Certificates(serials) => {
            let mut list = rdp.array("x509_serials");
            serials.iter().for_each(|serial| list.text(serial));
        }
    }
}

fn write_client(client: &ClientData, object: &mut Object<'_>) {
    match client.version_name() {
        Some(version) => object.text("version", version),
        None => object.text("version", "unknown"),
    };
    let (width, height) = client.desktop;
    object.number("desktop_width", width).number("desktop_height", height);
    if let Some(depth) = color_depth(client.color_depth) {
        object.number("color_depth", depth);
    }
    match layout_name(client.keyboard_layout) {
        Some(name) => object.text("keyboard_layout", name),
        None => object.show("keyboard_layout", format_args!("0x{:x}", client.keyboard_layout)),
    };
    object.text("build", &client.system());
    if !client.name.is_empty() {
        object.text("client_name", &client.name);
    }
    if let Some(keyboard) = keyboard_name(client.keyboard_type) {
        object.text("keyboard_type", keyboard);
    }
    object.number("function_keys", client.function_keys);
    if !client.input_method.is_empty() {
        object.text("ime", &client.input_method);
    }
    if let Some(product) = client.product {
        object.number("product_id", product);
    }
    let names = [
        (0x01, "support_errinfo_pdf"),
        (0x02, "want_32bpp_session"),
        (0x04, "support_statusinfo_pdu"),
        (0x08, "strong_asymmetric_keys"),
        (0x20, "valid_connection_type"),
        (0x40, "support_monitor_layout_pdu"),
        (0x80, "support_netchar_autodetect"),
        (0x100, "support_dynvc_gfx_protocol"),
        (0x200, "support_dynamic_time_zone"),
        (0x400, "support_heartbeat_pdu"),
    ];
    flag_names(object, "capabilities", client.capabilities.into(), &names);
    if !client.product_id.is_empty() {
        object.text("id", &client.product_id);
    }
    let kind = client.connection_kind.filter(|_| client.capabilities & 0x20 != 0).and_then(connection_name);
    if let Some(kind) = kind {
        object.text("connection_hint", kind);
    }
}

fn flag_names(object: &mut Object<'_>, key: &str, flags: u32, names: &[(u32, &str)]) {
    if names.iter().any(|(bit, _)| flags & bit != 0) {
        let mut list = object.array(key);
        names.iter().filter(|(bit, _)| flags & bit != 0).for_each(|(_, name)| list.text(name));
    }
}

fn color_depth(value: u16) -> Option<u16> {
    Some(match value {
        0xca00 => 4,
        0xca01 => 8,
        0xca02 => 15,
        0xca03 => 16,
        0xca04 => 24,
        depth @ (4 | 8 | 15 | 16 | 24) => depth,
        _ => return None,
    })
}

fn keyboard_name(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "xt",
        2 => "ico",
        3 => "at",
        4 => "enhanced",
        5 => "1050",
        6 => "9140",
        7 => "jp",
        _ => return None,
    })
}

fn connection_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "modem",
        2 => "low_broadband",
        3 => "satellite",
        4 => "high_broadband",
        5 => "wan",
        6 => "lan",
        7 => "autodetect",
        _ => return None,
    })
}

/// Languages of keyboards, as the client numbers them.
fn layout_name(layout: u32) -> Option<&'static str> {
    Some(match layout & 0xffff {
        0x0401 => "ar-SA",
        0x0402 => "bg-BG",
        0x0404 => "zh-TW",
        0x0405 => "cs-CZ",
        0x0406 => "da-DK",
        0x0407 => "de-DE",
        0x0408 => "el-GR",
        0x0409 => "en-US",
        0x040a => "es-ES_tradnl",
        0x040b => "fi-FI",
        0x040c => "fr-FR",
        0x040d => "he-IL",
        0x040e => "hu-HU",
        0x0410 => "it-IT",
        0x0411 => "ja-JP",
        0x0412 => "ko-KR",
        0x0413 => "nl-NL",
        0x0414 => "nb-NO",
        0x0415 => "pl-PL",
        0x0416 => "pt-BR",
        0x0418 => "ro-RO",
        0x0419 => "ru-RU",
        0x041a => "hr-HR",
        0x041b => "sk-SK",
        0x041d => "sv-SE",
        0x041e => "th-TH",
        0x041f => "tr-TR",
        0x0420 => "ur-PK",
        0x0421 => "id-ID",
        0x0422 => "uk-UA",
        0x0423 => "be-BY",
        0x0424 => "sl-SI",
        0x0425 => "et-EE",
        0x0426 => "lv-LV",
        0x0427 => "lt-LT",
        0x0429 => "fa-IR",
        0x042a => "vi-VN",
        0x0804 => "zh-CN",
        0x0807 => "de-CH",
        0x0809 => "en-GB",
        0x080a => "es-MX",
        0x080c => "fr-BE",
        0x0813 => "nl-BE",
        0x0816 => "pt-PT",
        0x0c04 => "zh-HK",
        0x0c07 => "de-AT",
        0x0c09 => "en-AU",
        0x0c0a => "es-ES",
        0x0c0c => "fr-CA",
        0x1009 => "en-CA",
        0x100c => "fr-CH",
        0x4009 => "en-IN",
        _ => return None,
    })
}
