//! Functions for questions about networks, beyond those of the engine.

mod date_trunc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, StringArray};
use arrow_schema::{DataType, Field, Schema};
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionImplementation, ScalarUDF, Volatility, create_udf};
use datafusion::prelude::SessionContext;
use std::net::IpAddr;
use std::sync::Arc;

/// Those that a question may call.
pub fn all() -> Vec<ScalarUDF> {
    vec![
        create_udf("in_network", texts(2), DataType::Boolean, Volatility::Immutable, in_network()),
        create_udf("is_internal", texts(1), DataType::Boolean, Volatility::Immutable, is_internal()),
        create_udf("json_value", texts(2), DataType::Utf8, Volatility::Immutable, json_value()),
        ScalarUDF::new_from_impl(date_trunc::DateTrunc::default()),
    ]
}

/// Makes them known.
pub fn add_to(context: &SessionContext) {
    all().into_iter().for_each(|function| context.register_udf(function));
}

/// What a Community ID is made of where a file does not have it, and the column itself.
pub const COMMUNITY_ID_OF: [&str; 6] =
    ["community_id", "originator", "originator_port", "responder", "responder_port", "transport"];

/// Puts the Community ID back that a file leaves out because it follows from the ends ([`lake::whole`]).
pub fn community_id() -> ScalarUDF {
    let kinds = COMMUNITY_ID_OF
        .map(|name| if name.ends_with("port") && name != "transport" { DataType::Int32 } else { DataType::Utf8 });
    let fields = COMMUNITY_ID_OF.iter().zip(&kinds).map(|(name, kind)| Field::new(*name, kind.clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let whole = move |arguments: &[ColumnarValue]| {
        let rows = RecordBatch::try_new(schema.clone(), ColumnarValue::values_to_arrays(arguments)?)?;
        let whole = lake::whole(&rows);
        Ok(ColumnarValue::Array(whole.column(0).clone()))
    };
    create_udf("community_id", kinds.into(), DataType::Utf8, Volatility::Immutable, Arc::new(whole))
}

fn texts(count: usize) -> Vec<DataType> {
    vec![DataType::Utf8; count]
}

/// `in_network(address, '10.0.0.0/8')`: whether an address lies in a network; null when either is none.
fn in_network() -> ScalarFunctionImplementation {
    of_two(
        |address, network| {
            let (network, bits) = parsed(network)?;
            Some(lies_in(address.parse().ok()?, network, bits))
        },
        |cells| Arc::new(cells.collect::<BooleanArray>()),
    )
}

/// `is_internal(address)`: whether an address is one that no host on the internet has.
fn is_internal() -> ScalarFunctionImplementation {
    Arc::new(|arguments: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let [addresses] = arrays.as_slice() else { return Err(arguments_wrong()) };
        let cells = addresses.as_string::<i32>().iter().map(|address| address?.parse().ok().map(internal));
        Ok(ColumnarValue::Array(Arc::new(cells.collect::<BooleanArray>())))
    })
}

/// `json_value(detail, 'http.hostname')`: what stands at a path of names and numbers; null when nothing does.
fn json_value() -> ScalarFunctionImplementation {
    of_two(
        |text, path| {
            let document: serde_json::Value = serde_json::from_str(text).ok()?;
            let found = path
                .split('.')
                .try_fold(&document, |at, name| at.get(name).or_else(|| at.get(name.parse::<usize>().ok()?)))?;
            match found {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            }
        },
        |cells| Arc::new(cells.collect::<StringArray>()),
    )
}

/// A function of two texts.
fn of_two<T: 'static>(
    function: fn(&str, &str) -> Option<T>,
    collect: fn(&mut dyn Iterator<Item = Option<T>>) -> ArrayRef,
) -> ScalarFunctionImplementation {
    Arc::new(move |arguments: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let [first, second] = arrays.as_slice() else { return Err(arguments_wrong()) };
        let pairs = first.as_string::<i32>().iter().zip(second.as_string::<i32>().iter());
        let mut cells = pairs.map(|(first, second)| function(first?, second?));
        Ok(ColumnarValue::Array(collect(&mut cells)))
    })
}

fn arguments_wrong() -> DataFusionError {
    DataFusionError::Execution("wrong number of arguments".into())
}

fn parsed(network: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match network.split_once('/') {
        Some((address, bits)) => (address.parse::<IpAddr>().ok()?, Some(bits.parse::<u8>().ok()?)),
        None => (network.parse::<IpAddr>().ok()?, None),
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(most);
    (bits <= most).then_some((address, bits))
}

fn lies_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address.to_canonical(), network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differ = u32::from(address) ^ u32::from(network);
            differ.checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differ = u128::from(address) ^ u128::from(network);
            differ.checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Private, carrier, link-local and loopback addresses, and those of the documentation's neighbours that nobody routes.
fn internal(address: IpAddr) -> bool {
    const NETWORKS: [&str; 9] = [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    ];
    NETWORKS.iter().filter_map(|network| parsed(network)).any(|(network, bits)| lies_in(address, network, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_lies_in_its_networks_only() {
        for (address, network, is) in [
            ("10.1.2.3", "10.0.0.0/8", Some(true)),
            ("11.1.2.3", "10.0.0.0/8", Some(false)),
            ("10.1.2.3", "0.0.0.0/0", Some(true)),
            ("10.1.2.3", "10.1.2.3", Some(true)),
            ("::ffff:10.1.2.3", "10.0.0.0/8", Some(true)),
            ("fe80::1", "fe80::/10", Some(true)),
            ("10.1.2.3", "fe80::/10", Some(false)),
            ("2001:db8::1", "::/0", Some(true)),
        ] {
            let (network_address, bits) = parsed(network).unwrap();
            assert_eq!(
                address.parse().ok().map(|address| lies_in(address, network_address, bits)),
                is,
                "{address} {network}"
            );
        }
        for network in ["10.0.0.0/33", "::/129", "x", "10.0.0.0/", ""] {
            assert_eq!(parsed(network), None, "{network}");
        }
    }

    #[test]
    fn what_is_internal_is_on_no_map_of_the_internet() {
        let is = |address: &str| internal(address.parse().unwrap());
        assert!(is("192.168.0.1") && is("172.31.255.255") && is("100.127.0.1") && is("fd00::1") && is("::1"));
        assert!(!is("172.32.0.1") && !is("8.8.8.8") && !is("2001:db8::1") && !is("100.128.0.1"));
    }
}
