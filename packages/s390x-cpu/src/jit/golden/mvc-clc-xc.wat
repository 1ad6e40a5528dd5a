;; # Storage to storage: a record is copied, compared and cleared.
;; # jit entry again
;;         larl  %r2,from
;;         larl  %r3,to
;;         lghi  %r4,3
;; again:  mvc   0(24,%r3),0(%r2)
;;         clc   0(24,%r3),0(%r2)
;;         jne   differ
;;         xc    0(8,%r3),0(%r3)
;;         mvi   8(%r3),42
;;         mvc   9(7,%r3),8(%r3)
;;         brctg %r4,again
;; differ: svc   255
;; from:   .ascii "twenty-four characters.\0"
;;         .space 256
;; to:     .space 24
;;
;; 64-bit mode, 8 guest instructions in 3 blocks, 1123 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "copySpan" (func $copySpan (param i32 i32 i32)))
  (import "env" "compareSpan" (func $compareSpan (param i32 i32 i32) (result i32)))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r3 i64) (local $t16 i64) (local $r2 i64) (local $t18 i64) (local $t19 i64) (local $t20 i32) (local $t21 i32) (local $t22 i32)
    (local $t23 i64) (local $t24 i32) (local $t25 i32) (local $t26 i32) (local $t27 v128) (local $t28 v128) (local $t29 i64) (local $t30 i64)
    (local $r4 i64) (local $t32 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_differ
          (block $to_leave

            ;; 10010 again: mvc 0(24,%r3),0(%r2)
            (block $to_10016
              (local.set $t16 (local.get $r3))
              (local.set $t18 (local.get $r2))
              (local.set $t19 (local.get $t16))
              (local.set $t20 (i32.wrap_i64 (local.get $t19)))
              (local.set $t21 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t20) (i32.const 8)) (i32.const 16368))))
              (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t21)) (local.get $t19)) (i64.const -4073)) (then
                (local.set $t22 (i32.const 0))
              ) (else
                (local.set $t22 (i32.add (i32.sub (i32.load offset=16392 (local.get $t21)) (local.get $t20)) (i32.const -8)))
              ))
              (if (local.get $t22) (then
                (local.set $t23 (local.get $t18))
                (local.set $t24 (i32.wrap_i64 (local.get $t23)))
                (local.set $t25 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t24) (i32.const 8)) (i32.const 16368))))
                (if (i64.lt_u (i64.sub (i64.load (local.get $t25)) (local.get $t23)) (i64.const -4073)) (then
                  (local.set $t26 (i32.const 0))
                ) (else
                  (local.set $t26 (i32.add (i32.sub (i32.load offset=8 (local.get $t25)) (local.get $t24)) (i32.const -8)))
                ))
                (if (local.get $t26) (then
                  (if (i32.lt_u (i32.sub (i32.sub (local.get $t26) (local.get $t22)) (i32.const 1)) (i32.const 23)) (then
                    (call $copySpan (local.get $t22) (local.get $t26) (i32.const 24))
                  ) (else
                    (local.set $t27 (v128.load (local.get $t26)))
                    (local.set $t28 (v128.load offset=8 (local.get $t26)))
                    (v128.store offset=8 (local.get $t22) (local.get $t28))
                    (v128.store (local.get $t22) (local.get $t27))
                  ))
                  (br $to_10016)
                ))
              ))
              (local.set $end (i32.const 17))
              (br $to_leave)
            )

            ;; 10016: clc 0(24,%r3),0(%r2)
            (block $to_1001c
              (local.set $t23 (local.get $r3))
              (local.set $t19 (local.get $r2))
              (local.set $t18 (local.get $t23))
              (local.set $t26 (i32.wrap_i64 (local.get $t18)))
              (local.set $t25 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t26) (i32.const 8)) (i32.const 16368))))
              (if (i64.lt_u (i64.sub (i64.load (local.get $t25)) (local.get $t18)) (i64.const -4073)) (then
                (local.set $t24 (i32.const 0))
              ) (else
                (local.set $t24 (i32.add (i32.sub (i32.load offset=8 (local.get $t25)) (local.get $t26)) (i32.const -8)))
              ))
              (if (local.get $t24) (then
                (local.set $t16 (local.get $t19))
                (local.set $t22 (i32.wrap_i64 (local.get $t16)))
                (local.set $t21 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t22) (i32.const 8)) (i32.const 16368))))
                (if (i64.lt_u (i64.sub (i64.load (local.get $t21)) (local.get $t16)) (i64.const -4073)) (then
                  (local.set $t20 (i32.const 0))
                ) (else
                  (local.set $t20 (i32.add (i32.sub (i32.load offset=8 (local.get $t21)) (local.get $t22)) (i32.const -8)))
                ))
                (if (local.get $t20) (then
                  (local.set $cc (call $compareSpan (local.get $t24) (local.get $t20) (i32.const 24)))
                  (local.set $cc_kind (i32.const 0))
                  (br $to_1001c)
                ))
              ))
              (local.set $end (i32.const 23))
              (br $to_leave)
            )

            ;; 1001c: jne differ
            (if (i32.and (i32.shl (i32.const 7) (local.get $cc)) (i32.const 8)) (then (br $to_differ)))
            (block $to_leave'

              ;; 10020: xc 0(8,%r3),0(%r3)
              (block $to_10026
                (local.set $t16 (local.get $r3))
                (local.set $t18 (local.get $t16))
                (local.set $t20 (i32.wrap_i64 (local.get $t18)))
                (local.set $t21 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t20) (i32.const 8)) (i32.const 16368))))
                (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t21)) (local.get $t18)) (i64.const -4089)) (then
                  (local.set $t22 (i32.const 0))
                ) (else
                  (local.set $t22 (i32.add (i32.sub (i32.load offset=16392 (local.get $t21)) (local.get $t20)) (i32.const 8)))
                ))
                (if (local.get $t22) (then
                  (i64.store (local.get $t22) (i64.const 0))
                  (local.set $cc (i32.const 0))
                  (local.set $cc_kind (i32.const 0))
                  (br $to_10026)
                ))
                (local.set $end (i32.const 33))
                (br $to_leave')
              )

              ;; 10026: mvi 8(%r3),42
              (local.set $t18 (i64.add (local.get $r3) (i64.const 8)))
              (local.set $t16 (local.get $t18))
              (local.set $t22 (i32.wrap_i64 (local.get $t16)))
              (local.set $t21 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t22) (i32.const 8)) (i32.const 16368))))
              (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t21)) (local.get $t16)) (i64.const -4096)) (then
                (local.set $end (i32.const 39))
                (br $to_leave')
              ) (else
                (i32.store8 offset=15 (i32.sub (i32.load offset=16392 (local.get $t21)) (local.get $t22)) (i32.const 42))
              ))

              ;; 1002a: mvc 9(7,%r3),8(%r3)
              (block $to_10030
                (local.set $t16 (i64.add (local.get $r3) (i64.const 9)))
                (local.set $t18 (i64.add (local.get $r3) (i64.const 8)))
                (local.set $t19 (local.get $t16))
                (local.set $t21 (i32.wrap_i64 (local.get $t19)))
                (local.set $t22 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t21) (i32.const 8)) (i32.const 16368))))
                (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t22)) (local.get $t19)) (i64.const -4090)) (then
                  (local.set $t20 (i32.const 0))
                ) (else
                  (local.set $t20 (i32.add (i32.sub (i32.load offset=16392 (local.get $t22)) (local.get $t21)) (i32.const 9)))
                ))
                (if (local.get $t20) (then
                  (local.set $t23 (local.get $t18))
                  (local.set $t24 (i32.wrap_i64 (local.get $t23)))
                  (local.set $t25 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t24) (i32.const 8)) (i32.const 16368))))
                  (if (i64.lt_u (i64.sub (i64.load (local.get $t25)) (local.get $t23)) (i64.const -4090)) (then
                    (local.set $t26 (i32.const 0))
                  ) (else
                    (local.set $t26 (i32.add (i32.sub (i32.load offset=8 (local.get $t25)) (local.get $t24)) (i32.const 9)))
                  ))
                  (if (local.get $t26) (then
                    (if (i32.lt_u (i32.sub (i32.sub (local.get $t26) (local.get $t20)) (i32.const 1)) (i32.const 6)) (then
                      (call $copySpan (local.get $t20) (local.get $t26) (i32.const 7))
                    ) (else
                      (local.set $t29 (i64.load32_u (local.get $t26)))
                      (local.set $t30 (i64.load32_u offset=3 (local.get $t26)))
                      (i64.store32 offset=3 (local.get $t20) (local.get $t30))
                      (i64.store32 (local.get $t20) (local.get $t29))
                    ))
                    (br $to_10030)
                  ))
                ))
                (local.set $end (i32.const 43))
                (br $to_leave')
              )

              ;; 10030: brctg %r4,again
              (local.set $t30 (i64.sub (local.get $r4) (i64.const 1)))
              (local.set $r4 (local.get $t30))
              (local.set $t26 (i64.ne (local.get $t30) (i64.const 0)))
              (if (local.get $t26) (then
                (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                  (local.set $end (i32.const 16))
                  (br $to_leave')
                ))
                (br $loop_again)
              ))
              (br $to_differ)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (block $to_leave

          ;; 10034 differ: svc 255
          (local.set $end (i32.const 52))
          (br $to_leave)
          (unreachable)
        )

        ;; leave: where all exits of the block meet
        (br $to_exit)
      )
      (unreachable)
    )

    ;; exit: the instruction address
    (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (if (local.get $cc_kind) (then
      (local.set $t32
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t32 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t32)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
