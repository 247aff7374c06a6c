//! What `seal` and `label` share.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use sha2::{Digest, Sha256};

/// "8MiB" or a plain number of bytes.
pub fn parse_size(text: &str) -> Result<u64> {
    let (number, shift) = [("KiB", 10), ("MiB", 20), ("GiB", 30)]
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))
        .unwrap_or((text, 0));
    let size = number.parse::<u64>().ok().and_then(|count| count.checked_mul(1 << shift));
    size.with_context(|| format!("invalid size '{text}' (example: 8MiB)"))
}

/// The PoRep id of the registered proof StackedDrg<SIZE>V1_1 with nonce 0. Other sizes have no registered proof: they
/// get that of 2 KiB, as in pc1-label.
pub fn porep_id(sector_size: u64) -> [u8; 32] {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    const PROOF_2_KIB: u8 = 5;
    const SIZES: [u64; 5] = [2 * KIB, 8 * MIB, 512 * MIB, 32 * GIB, 64 * GIB];
    let mut id = [0; 32];
    id[0] = PROOF_2_KIB + SIZES.iter().position(|size| *size == sector_size).unwrap_or(0) as u8;
    id
}

/// Where the library writes a layer. Layers are counted from 1.
pub fn layer_file(folder: &Path, layer: usize) -> PathBuf {
    folder.join(format!("sc-02-data-layer-{layer}.dat"))
}

pub fn sha256_of_file(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(hex::encode(hasher.finalize()))
}

/// Runs a program: exit status 2 and the usage if the arguments don't suit it, 1 if it fails.
pub fn run<Arguments>(
    usage: &str,
    parse: fn(&[String]) -> Result<Arguments>,
    main: fn(Arguments) -> Result<()>,
) -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (error, status) = match parse(&arguments) {
        Ok(parsed) => match main(parsed) {
            Ok(()) => return 0.into(),
            Err(error) => (error, 1),
        },
        Err(error) => (error.context(usage.to_string()), 2),
    };
    eprintln!("{error:#}");
    status.into()
}

/// The next argument, or an error that names it.
pub fn required<'a>(arguments: &mut impl Iterator<Item = &'a String>, name: &str) -> Result<&'a str> {
    match arguments.next() {
        Some(argument) => Ok(argument),
        None => bail!("{name} is missing"),
    }
}
