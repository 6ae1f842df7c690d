// Compiles signer.proto with protox, so that no protoc is needed on the machine.
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("../../proto");
    let file = "gatehouse/signer/v1/signer.proto";
    println!("cargo::rerun-if-changed={}", root.join(file).display());
    let descriptors = protox::compile([file], [root])?;
    tonic_prost_build::configure()
        .codec_path("crate::codec::BoundedCodec")
        .compile_fds(descriptors)?;
    Ok(())
}
