//! A model written in other weights, through llama.cpp.

#![expect(unsafe_code, reason = "llama-cpp-2 does not wrap it")]

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::{PrepareError, Weights};
use crate::engine::backend;

/// Writes the model at `from` to `to`, beside it first.
///
/// # Errors
/// [`PrepareError::Write`].
pub(super) fn write(from: &Path, to: &Path, weights: Weights) -> Result<(), PrepareError> {
    let failed = || PrepareError::Write { path: to.to_path_buf() };
    backend::started()?;
    let partial = to.with_extension("partial");
    let name = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(|_| failed());
    let (input, output) = (name(from)?, name(&partial)?);
    // SAFETY: it takes nothing and returns a plain struct.
    let mut params = unsafe { llama_cpp_sys_2::llama_model_quantize_default_params() };
    params.allow_requantize = true;
    params.ftype = match weights {
        Weights::Q8 => llama_cpp_sys_2::LLAMA_FTYPE_MOSTLY_Q8_0,
        Weights::Bf16 => llama_cpp_sys_2::LLAMA_FTYPE_MOSTLY_BF16,
        Weights::Original => return Ok(()),
    };
    // SAFETY: both names end in NUL and live through the call, as does `params`, whose pointers are null.
    let code = unsafe { llama_cpp_sys_2::llama_model_quantize(input.as_ptr(), output.as_ptr(), &raw const params) };
    let written = code == 0 && std::fs::rename(&partial, to).is_ok();
    if !written {
        let _ = std::fs::remove_file(&partial);
        return Err(failed());
    }
    Ok(())
}
