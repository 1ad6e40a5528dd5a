/** Where a device stands with VIRTIO_F_SUSPEND (virtio 3.4). */
export class Suspension {
  /** The driver asked for it: no buffer is taken any more. */
  wanted = false;
  /** The configuration as it was when the suspension was complete: it does not change under the driver's eyes. */
  config: Uint8Array | undefined;
  /** A configuration change is to be notified when the device resumes. */
  configChanged = false;

  get complete(): boolean {
    return this.config !== undefined;
  }

  finish(config: Uint8Array): void {
    this.config = config;
    this.configChanged = false;
  }

  /** Back to normal operation. */
  clear(): void {
    this.wanted = false;
    this.config = undefined;
    this.configChanged = false;
  }
}
