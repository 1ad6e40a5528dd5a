# The devices that the program can drive: three types on three buses. The blocks are complete when the device is found and driven.

# The block for a device of type r2 on bus r3; 0 if the program does not drive that type, or has one already.
device_of:
        larl    %r4,devices
        lghi    %r5,DEVICES
1:      lg      %r1,DEV_BUS(%r4)
        cgrjne  %r1,%r3,2f
        l       %r1,DEV_TYPE(%r4)
        crjne   %r1,%r2,2f
        l       %r1,DEV_STATE(%r4)
        chi     %r1,STATE_MISSING
        je      3f
2:      aghi    %r4,DEV_BLOCK
        brctg   %r5,1b
        lghi    %r4,0
3:      lgr     %r2,%r4
        br      %r14

        .balign 8
.equ DEVICES,           9
devices:
        .quad   page_bus
        .long   TYPE_CONSOLE,STATE_MISSING
        .space  16
        .long   1                               # the queue for what is printed
        .space  DEV_BLOCK-36
        .quad   page_bus
        .long   TYPE_ENTROPY,STATE_MISSING
        .space  DEV_BLOCK-16
        .quad   page_bus
        .long   TYPE_BLOCK,STATE_MISSING
        .space  DEV_BLOCK-16
        .quad   ccw_bus
        .long   TYPE_CONSOLE,STATE_MISSING
        .space  16
        .long   1
        .space  DEV_BLOCK-36
        .quad   ccw_bus
        .long   TYPE_ENTROPY,STATE_MISSING
        .space  DEV_BLOCK-16
        .quad   ccw_bus
        .long   TYPE_BLOCK,STATE_MISSING
        .space  DEV_BLOCK-16
        .quad   pci_bus
        .long   TYPE_CONSOLE,STATE_MISSING
        .space  16
        .long   1
        .space  DEV_BLOCK-36
        .quad   pci_bus
        .long   TYPE_ENTROPY,STATE_MISSING
        .space  DEV_BLOCK-16
        .quad   pci_bus
        .long   TYPE_BLOCK,STATE_MISSING
        .space  DEV_BLOCK-16
