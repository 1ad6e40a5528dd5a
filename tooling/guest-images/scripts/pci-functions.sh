# Prints what Linux knows of the PCI functions: FUNCTION WORD VALUE..., and the kernel's messages about them.
for function in /sys/bus/pci/devices/*; do
  name=${function##*/}
  echo "$name config $(hexdump -v -e '1/1 "%02x"' "$function/config")"
  for word in ari_enabled broken_parity_status class consistent_dma_mask_bits device dma_mask_bits enable fidparm function_handle \
    function_id index irq max_link_speed mio_enabled modalias msi_bus pchid pfgid pft port power_state reset_method resource \
    revision subsystem_device subsystem_vendor uid uid_is_unique vendor vfn; do
    # Not every kernel has all of them.
    [ ! -r "$function/$word" ] || echo "$name $word" $(cat "$function/$word" 2>/dev/null)
  done
  echo "$name files" $(ls "$function" | sed 's/^virtio[0-9]*$/virtio/')
  echo "$name vectors $(ls "$function/msi_irqs" | wc -l)"
done
dmesg | grep -iE 'pci|iommu|virtio_blk' | sed 's/^\[[^]]*\] /kernel said /; s/virtio_blk virtio[0-9]*/virtio_blk/'
