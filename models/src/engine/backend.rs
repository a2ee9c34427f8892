//! llama.cpp itself, started once a process, and the devices that it sees.

use std::sync::OnceLock;

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::{LlamaBackendDevice, LlamaBackendDeviceType, LogOptions, send_logs_to_tracing};

use super::EngineError;

static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();

/// The started backend. What llama.cpp logs goes to tracing under the target `llama-cpp-2`.
pub(crate) fn started() -> Result<&'static LlamaBackend, EngineError> {
    let start = || {
        send_logs_to_tracing(LogOptions::default());
        LlamaBackend::init().map_err(|error| error.to_string())
    };
    BACKEND.get_or_init(start).as_ref().map_err(|reason| EngineError::Start { reason: reason.clone() })
}

/// The GPUs that llama.cpp can use, the first one first.
pub(crate) fn gpus(backend: &LlamaBackend) -> Vec<LlamaBackendDevice> {
    if !backend.supports_gpu_offload() {
        return Vec::new();
    }
    let is_gpu = |device: &LlamaBackendDevice| {
        matches!(device.device_type, LlamaBackendDeviceType::Gpu | LlamaBackendDeviceType::IntegratedGpu)
    };
    llama_cpp_2::list_llama_ggml_backend_devices().into_iter().filter(is_gpu).collect()
}

/// As many threads as run at once on this machine, when none are asked for.
pub(crate) fn threads(asked: u32) -> i32 {
    let all = || std::thread::available_parallelism().map_or(1, |threads| threads.get() as u32);
    let threads = if asked == 0 { all() } else { asked };
    i32::try_from(threads).unwrap_or(i32::MAX)
}
