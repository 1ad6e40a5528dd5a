;; # A loop and a function in the next page, which may be anywhere by the time that the region is entered again.
;; # jit entry again
;;         lghi  %r2,1
;;         lghi  %r3,5
;; again:  brasl %r14,triple
;;         aghi  %r2,1
;;         brctg %r3,again
;;         svc   255
;;         .align 4096
;; triple: lgr   %r1,%r2
;;         agr   %r2,%r1
;;         agr   %r2,%r1
;;         br    %r14
;;
;; 64-bit mode, 8 guest instructions in 4 blocks, 602 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $t15 i64) (local $r14 i64) (local $page1 i32) (local $t18 i64) (local $t19 i32) (local $r2 i64) (local $r1 i64) (local $t22 i64)
    (local $t23 i64) (local $t24 i64) (local $r3 i64) (local $t26 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r14 (i64.load (i32.const 1136)) (; %r14 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_store
      (block $to_exit
        (loop $loop_again
          (block $to_leave

            ;; 10008 again: brasl %r14,triple
            (local.set $t15 (i64.add (local.get $base) (i64.const 14)))
            (local.set $r14 (local.get $t15))
            (if (i32.eqz (local.get $page1)) (then
              (local.set $t18 (i64.add (local.get $base) (i64.const 4096)))
              (local.set $t19
                (i32.add (local.get $bank) (i32.and (i32.wrap_i64 (i64.shr_u (local.get $t18) (i64.const 8))) (i32.const 8176))))
              (if
                (i32.eqz
                  (i32.and
                    (i64.eq (i64.load offset=32768 (local.get $t19)) (local.get $t18))
                    (i32.eq (i32.load offset=32816 (i32.load offset=32776 (local.get $t19))) (i32.const 17))))
              (then
                (local.set $end (i32.const 4096))
                (br $to_leave)
              ))
              (local.set $page1 (i32.const 1))
            ))

            ;; 11000 triple: lgr %r1,%r2
            (local.set $r1 (local.get $r2))

            ;; 11004: agr %r2,%r1
            (local.set $t18 (local.get $r1))
            (local.set $t22 (local.get $r2))
            (local.set $t23 (i64.add (local.get $t22) (local.get $t18)))
            (local.set $r2 (local.get $t23))
            (local.set $t24 (local.get $t22))
            (local.set $cc_b64 (local.get $t18))
            (local.set $cc_a64 (local.get $t24))
            (local.set $cc_kind (i32.const 8))

            ;; 11008: agr %r2,%r1
            (local.set $t24 (local.get $r1))
            (local.set $t23 (local.get $r2))
            (local.set $t22 (i64.add (local.get $t23) (local.get $t24)))
            (local.set $r2 (local.get $t22))
            (local.set $t18 (local.get $t23))
            (local.set $cc_b64 (local.get $t24))
            (local.set $cc_a64 (local.get $t18))
            (local.set $cc_kind (i32.const 8))

            ;; 1100c: br %r14
            (local.set $t18 (local.get $r14))
            (if (i64.eq (local.get $t18) (i64.add (local.get $base) (i64.const 14))) (then
              (block $to_leave'

                ;; 1000e: aghi %r2,1
                (local.set $t22 (local.get $r2))
                (local.set $t23 (i64.add (local.get $t22) (i64.const 1)))
                (local.set $r2 (local.get $t23))
                (local.set $t24 (local.get $t22))
                (local.set $cc_b64 (i64.const 1))
                (local.set $cc_a64 (local.get $t24))
                (local.set $cc_kind (i32.const 8))

                ;; 10012: brctg %r3,again
                (local.set $t24 (i64.sub (local.get $r3) (i64.const 1)))
                (local.set $r3 (local.get $t24))
                (local.set $t19 (i64.ne (local.get $t24) (i64.const 0)))
                (if (local.get $t19) (then
                  (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                  (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                    (local.set $end (i32.const 8))
                    (br $to_leave')
                  ))
                  (br $loop_again)
                ))
                (block $to_leave''

                  ;; 10016: svc 255
                  (local.set $end (i32.const 22))
                  (br $to_leave'')
                  (unreachable)
                )

                ;; leave: where all exits of the block meet
                (br $to_exit)
              )

              ;; leave: where all exits of the block meet
              (br $to_exit)
            ))
            (local.set $address (local.get $t18))
            (local.set $end (i32.const 0))
            (br $to_store)
            (unreachable)

            ;; leave: where all exits of the block meet
            (br $to_exit)
            (unreachable)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (unreachable)
      )

      ;; exit: the instruction address
      (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))
    )

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1136) (local.get $r14)) (; %r14 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (if (local.get $cc_kind) (then
      (local.set $t26
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t26 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t26)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
