;; # A polynomial by Horner's scheme, with fused multiplication and addition.
;; # jit entry again
;;         larl  %r2,factors
;;         lghi  %r4,3
;;         lzdr  %f0
;;         ld    %f2,24(%r2)
;; again:  ld    %f4,0(%r2)
;;         madbr %f4,%f0,%f2
;;         ldr   %f0,%f4
;;         la    %r2,8(%r2)
;;         brctg %r4,again
;;         cdb   %f0,0(%r2)
;;         jl    less
;;         lghi  %r1,1
;; less:   svc   255
;;         .align 8
;; factors: .quad 0x3ff0000000000000,0x3fe0000000000000,0x3fd5555555555555
;; x:      .quad 0x3fb999999999999a
;;
;; 64-bit mode, 9 guest instructions in 4 blocks, 954 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r2 i64) (local $t16 i64) (local $t17 i64) (local $t18 i32) (local $t19 i32) (local $t20 i32) (local $t21 f64) (local $f4 f64)
    (local $f2 f64) (local $f0 f64) (local $t25 f64) (local $t26 f64) (local $t27 f64) (local $bfp_state i32) (local $t29 f64)
    (local $t30 f64) (local $t31 f64) (local $r4 i64) (local $r1 i64) (local $t34 i32)

    ;; entry: budget, registers and condition code into locals
    (if (i32.eqz (i32.and (i32.load (i32.const 1280)) (i32.const 0x40000))) (then (return (i32.const 2))))
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $bfp_state
      (i32.xor
        (i32.or
          (i32.and (i32.load (i32.const 2048)) (; FPC ;) (i32.const 0xf8080007))
          (i32.and (i32.load (i32.const 1280)) (i32.const 0x40000)))
        (i32.const 0xc0000)))
    (local.set $f4 (f64.load (i32.const 1608)) (; %f4 ;))
    (local.set $f2 (f64.load (i32.const 1576)) (; %f2 ;))
    (local.set $f0 (f64.load (i32.const 1544)) (; %f0 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_leave

          ;; 10012 again: ld %f4,0(%r2)
          (local.set $t16 (local.get $r2))
          (local.set $t17 (local.get $t16))
          (local.set $t18 (i32.wrap_i64 (local.get $t17)))
          (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t18) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load (local.get $t19)) (local.get $t17)) (i64.const -4089)) (then
            (local.set $end (i32.const 19))
            (br $to_leave)
          ) (else
            (local.set $t20 (i32.sub (i32.load offset=8 (local.get $t19)) (local.get $t18)))
          ))
          (local.set $t21 (f64.load offset=8 (local.get $t20)))
          (local.set $f4 (local.get $t21))

          ;; 10016: madbr %f4,%f0,%f2
          (block $to_1001a
            (local.set $t21 (local.get $f2))
            (local.set $t25 (local.get $f0))
            (local.set $t26 (local.get $f4))
            (local.set $t27
              (f64x2.extract_lane 0
                (f64x2.relaxed_madd (f64x2.splat (local.get $t25)) (f64x2.splat (local.get $t21)) (f64x2.splat (local.get $t26)))))
            (block $b1
              (if
                (i32.eqz
                  (i32.lt_u
                    (i32.sub
                      (i32.and (i32.wrap_i64 (i64.shr_u (i64.reinterpret_f64 (local.get $t27)) (i64.const 32))) (i32.const 0x7ff00000))
                      (i32.const 0x200000))
                    (i32.const 0x7fd00000)))
              (then
                (br_if $b1 (i32.const 0))
                (br_if $b1 (f64.ne (local.get $t27) (f64.const 0)))
                (br_if $b1
                  (i32.eqz
                    (i32.or
                      (i32.or (f64.eq (local.get $t25) (f64.const 0)) (f64.eq (local.get $t21) (f64.const 0)))
                      (f64.gt (f64.abs (local.get $t26)) (f64.const 1.1830521861667747e-271)))))
              ))
              (local.set $t20 (local.get $bfp_state))
              (if (local.get $t20) (then
                (br_if $b1 (i32.ne (local.get $t20) (i32.const 0x80000)))
                (local.set $t29 (f64.mul (local.get $t25) (local.get $t21)))
                (br_if $b1
                  (f64.ne
                    (f64x2.extract_lane 0
                      (f64x2.relaxed_madd
                        (f64x2.splat (local.get $t25))
                        (f64x2.splat (local.get $t21))
                        (f64x2.splat (f64.neg (local.get $t29)))))
                    (f64.const 0)))
                (if (f64.lt (f64.abs (local.get $t29)) (f64.const 1.1830521861667747e-271)) (then
                  (br_if $b1 (i32.eqz (i32.or (f64.eq (local.get $t25) (f64.const 0)) (f64.eq (local.get $t21) (f64.const 0)))))
                ))
                (local.set $t30 (f64.sub (local.get $t27) (local.get $t29)))
                (local.set $t31
                  (f64.add
                    (f64.sub (local.get $t29) (f64.sub (local.get $t27) (local.get $t30)))
                    (f64.sub (local.get $t26) (local.get $t30))))
                (br_if $b1 (f64.ne (local.get $t31) (f64.const 0)))
              ))
              (local.set $f4 (local.get $t27))
              (br $to_1001a)
            )
            (local.set $end (i32.const 23))
            (br $to_leave)
          )

          ;; 1001a: ldr %f0,%f4
          (local.set $f0 (local.get $f4))

          ;; 1001c: la %r2,8(%r2)
          (local.set $t17 (i64.add (local.get $r2) (i64.const 8)))
          (local.set $r2 (local.get $t17))

          ;; 10020: brctg %r4,again
          (local.set $t17 (i64.sub (local.get $r4) (i64.const 1)))
          (local.set $r4 (local.get $t17))
          (local.set $t20 (i64.ne (local.get $t17) (i64.const 0)))
          (if (local.get $t20) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 18))
              (br $to_leave)
            ))
            (br $loop_again)
          ))
          (block $to_less
            (block $to_leave'

              ;; 10024: cdb %f0,0(%r2)
              (block $to_1002a
                (local.set $t17 (local.get $r2))
                (local.set $t16 (local.get $t17))
                (local.set $t20 (i32.wrap_i64 (local.get $t16)))
                (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t20) (i32.const 8)) (i32.const 16368))))
                (if (i64.lt_u (i64.sub (i64.load (local.get $t19)) (local.get $t16)) (i64.const -4089)) (then
                  (local.set $end (i32.const 37))
                  (br $to_leave')
                ) (else
                  (local.set $t18 (i32.sub (i32.load offset=8 (local.get $t19)) (local.get $t20)))
                ))
                (local.set $t31 (f64.load offset=8 (local.get $t18)))
                (local.set $t30 (local.get $f0))
                (block $b2
                  (br_if $b2 (i32.const 0))
                  (br_if $b2 (f64.ne (local.get $t30) (local.get $t30)))
                  (br_if $b2 (f64.ne (local.get $t31) (local.get $t31)))
                  (local.set $t29 (local.get $t30))
                  (local.set $cc_bf64 (local.get $t31))
                  (local.set $cc_af64 (local.get $t29))
                  (local.set $cc_kind (i32.const 15))
                  (br $to_1002a)
                )
                (local.set $end (i32.const 37))
                (br $to_leave')
              )

              ;; 1002a: jl less
              (if (f64.lt (local.get $cc_af64) (local.get $cc_bf64)) (then (br $to_less)))

              ;; 1002e: lghi %r1,1
              (local.set $r1 (i64.const 1))
              (br $to_less)

              ;; leave: where all exits of the block meet
              (br $to_exit)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )
          (block $to_leave'

            ;; 10032 less: svc 255
            (local.set $end (i32.const 50))
            (br $to_leave')
            (unreachable)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )

        ;; leave: where all exits of the block meet
        (br $to_exit)
      )
      (unreachable)
    )

    ;; exit: the instruction address
    (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (f64.store (i32.const 1608) (local.get $f4)) (; %f4 ;)
    (f64.store (i32.const 1544) (local.get $f0)) (; %f0 ;)
    (if (local.get $cc_kind) (then
      (local.set $t34
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t34 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t34)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
