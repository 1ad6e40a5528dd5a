;; # Stores beside the code that makes them, as far as another line of 64 bytes; and to low addresses, which no register points to.
;; # jit entry again
;;         larl  %r1,counts
;;         lghi  %r3,5
;; again:  agsi  8(%r1),7
;;         st    %r3,0x200
;;         brctg %r3,again
;;         lg    %r2,8(%r1)
;;         svc   255
;;         .align 64
;; counts: .quad 0,0
;;
;; 64-bit mode, 5 guest instructions in 2 blocks, 627 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "storeBesideCode" (func $storeBesideCode (param i64 i32 i64 i32) (result i32)))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r1 i64) (local $t16 i64) (local $t17 i64) (local $t18 i32) (local $t19 i32) (local $t20 i32) (local $t21 i32) (local $t22 i64)
    (local $t23 i64) (local $t24 i64) (local $t25 i64) (local $r3 i64) (local $r2 i64) (local $t28 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_leave

          ;; 1000a again: agsi 8(%r1),7
          (local.set $t16 (i64.add (local.get $r1) (i64.const 8)))
          (local.set $t17 (local.get $t16))
          (local.set $t18 (i32.wrap_i64 (local.get $t17)))
          (local.set $t19 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t18) (i32.const 8)) (i32.const 16368))))
          (local.set $t21 (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t19)) (local.get $t17)) (i64.const -4089)))
          (if (local.get $t21) (then
            (local.set $end (i32.const 11))
            (br $to_leave)
          ) (else
            (local.set $t20 (i32.sub (i32.load offset=16392 (local.get $t19)) (local.get $t18)))
          ))
          (local.set $t22 (i64.load offset=8 (local.get $t20)))
          (local.set $t23 (i64.add (local.get $t22) (i64.const 7)))
          (if (local.get $t21) (then
            (local.set $end (i32.const 11))
            (br $to_leave)
          ) (else
            (i64.store offset=8 (local.get $t20) (local.get $t23))
          ))
          (local.set $t24 (i64.add (local.get $t22) (i64.const 7)))
          (local.set $t25 (local.get $t22))
          (local.set $cc_b64 (i64.const 7))
          (local.set $cc_a64 (local.get $t25))
          (local.set $cc_kind (i32.const 8))

          ;; 10010: st %r3,512
          (local.set $t21 (i32.wrap_i64 (local.get $r3)))
          (local.set $t20 (local.get $bank))
          (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t20)) (i64.const 512)) (i64.const -4093)) (then
            (if (i32.eqz (call $storeBesideCode (i64.const 512) (i32.const 4) (i64.extend_i32_u (local.get $t21)) (i32.const 0))) (then
              (local.set $end (i32.const 17))
              (br $to_leave)
            ))
          ) (else
            (i32.store offset=12 (i32.sub (i32.load offset=16392 (local.get $t20)) (i32.const 512)) (local.get $t21))
          ))

          ;; 10014: brctg %r3,again
          (local.set $t25 (i64.sub (local.get $r3) (i64.const 1)))
          (local.set $r3 (local.get $t25))
          (local.set $t20 (i64.ne (local.get $t25) (i64.const 0)))
          (if (local.get $t20) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 10))
              (br $to_leave)
            ))
            (br $loop_again)
          ))
          (block $to_leave'

            ;; 10018: lg %r2,8(%r1)
            (local.set $t25 (i64.add (local.get $r1) (i64.const 8)))
            (local.set $t24 (local.get $t25))
            (local.set $t20 (i32.wrap_i64 (local.get $t24)))
            (local.set $t21 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t20) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load (local.get $t21)) (local.get $t24)) (i64.const -4089)) (then
              (local.set $end (i32.const 25))
              (br $to_leave')
            ) (else
              (local.set $t19 (i32.sub (i32.load offset=8 (local.get $t21)) (local.get $t20)))
            ))
            (local.set $t23 (i64.load offset=8 (local.get $t19)))
            (local.set $r2 (local.get $t23))

            ;; 1001e: svc 255
            (local.set $end (i32.const 30))
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
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (if (local.get $cc_kind) (then
      (local.set $t28
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t28 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t28)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
