# A polynomial by Horner's scheme, with fused multiplication and addition.
# jit entry again
        larl  %r2,factors
        lghi  %r4,3
        lzdr  %f0
        ld    %f2,24(%r2)
again:  ld    %f4,0(%r2)
        madbr %f4,%f0,%f2
        ldr   %f0,%f4
        la    %r2,8(%r2)
        brctg %r4,again
        cdb   %f0,0(%r2)
        jl    less
        lghi  %r1,1
less:   svc   255
        .align 8
factors: .quad 0x3ff0000000000000,0x3fe0000000000000,0x3fd5555555555555
x:      .quad 0x3fb999999999999a
