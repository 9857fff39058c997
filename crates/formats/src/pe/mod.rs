//! Programs and libraries of Windows (PE format, Microsoft Learn): headers, sections, what they import and export,
//! resources, what their makers left in them, and their signatures.

mod authenticode;
mod checksum;
mod dotnet;
mod exports;
pub mod facts;
mod headers;
mod image;
mod imports;
pub mod oddities;
mod ordinals;
mod overlay;
mod packers;
mod resources;
mod rich;
mod sections;
mod tables;

#[cfg(test)]
mod tests;

use crate::Reading;
use image::Image;

/// Reads a program; bytes that are none give an empty reading.
pub fn read(bytes: &[u8]) -> Reading {
    let mut reading = Reading::default();
    let Some(image) = Image::read(bytes, &mut reading) else { return reading };
    let parts = [
        headers::read,
        checksum::read,
        sections::read,
        imports::read,
        exports::read,
        resources::read,
        tables::read,
        rich::read,
        overlay::read,
        authenticode::read,
        dotnet::read,
    ];
    for part in parts {
        part(&image, &mut reading);
    }
    reading
}
